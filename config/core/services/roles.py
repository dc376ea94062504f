"""Roles are groups; this puts the rights of `config.core.roles` into them."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from config.core.roles import ROLE_PERMISSIONS


@transaction.atomic
def seed_roles(*, groups: Any, permissions: Any, strict: bool) -> None:
    """This function will give every role's group exactly the permissions of `ROLE_PERMISSIONS`.

    It may run again and again. `groups` and `permissions` are the query sets of Group and
    Permission (a migration passes the historical ones). A migration passes `strict=False`, because
    permissions of later migrations do not exist then; a test proves that in the end none is missing.

    :raises KeyError: if `strict` and a code belongs to no permission
    """
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in permissions.select_related("content_type")
    }
    for role, codes in ROLE_PERMISSIONS.items():
        group, _created = groups.get_or_create(name=role.value)
        wanted = dict.fromkeys(codes)
        group.permissions.set([known[code] for code in wanted if strict or code in known])
