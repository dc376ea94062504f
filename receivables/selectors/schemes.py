"""Aging schemes as the domain knows them, labelled in the language that is active."""

from __future__ import annotations

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from config.core.errors import InvalidInput
from receivables.domain import aging
from receivables.models import AgingBucket, AgingScheme


class UnknownScheme(InvalidInput):
    code = "unknown_scheme"


def to_domain(scheme: AgingScheme) -> aging.Scheme:
    """Return the scheme's buckets as plain values."""
    chinese = (get_language() or "").startswith("zh")
    return aging.Scheme(
        code=scheme.code,
        buckets=tuple(
            aging.Bucket(
                b.code, b.label if chinese or not b.label_en else b.label_en, b.upper, b.upper_unit
            )
            for b in sorted(scheme.buckets.all(), key=_position)
        ),
    )


def _position(bucket: AgingBucket) -> int:
    return bucket.position


def get(code: str = "") -> aging.Scheme:
    """Return the scheme with this code, or the default one.

    :raises UnknownScheme: naming the codes there are
    """
    schemes = AgingScheme.objects.filter(is_active=True).prefetch_related("buckets")
    found = schemes.filter(code=code).first() if code else schemes.filter(is_default=True).first()
    if found is None:
        known = ", ".join(schemes.order_by("code").values_list("code", flat=True))
        raise UnknownScheme(
            _("There is no aging scheme “%(scheme)s”; choose one of: %(known)s."),
            scheme=code or "-",
            known=known,
        )
    return to_domain(found)


def choices() -> list[tuple[str, str]]:
    """Return (code, name) of the active schemes, the default first."""
    schemes = AgingScheme.objects.filter(is_active=True).order_by("-is_default", "code")
    return [(s.code, s.get_name()) for s in schemes]
