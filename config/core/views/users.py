"""Users and roles: who may do what, and in which units."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.validators import ASCIIUsernameValidator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from config.core import clock
from config.core.list_pages import Order, page_by_key, sortable
from config.core.models import BusinessUnit, User
from config.core.permissions import guard, person, requires
from config.core.roles import LABELS, Role
from config.core.services import users
from config.core.views.audit import timeline
from config.core.views.forms import CleanForm, attempt

PAGE_SIZE = 100
ROLE_CHOICES = [(role.value, LABELS[role]) for role in Role]
ROLE_NAMES = frozenset(role.value for role in Role)


class FilterForm(CleanForm):
    q = forms.CharField(label=_("Name"), max_length=60, required=False)
    role = forms.ChoiceField(
        label=_("Role"), choices=[("", _("All"))] + ROLE_CHOICES, required=False
    )
    state = forms.ChoiceField(
        label=_("State"),
        choices=[("", _("Active")), ("off", _("Disabled")), ("all", _("All"))],
        required=False,
    )


class UserForm(CleanForm):
    display_name = forms.CharField(label=_("Display name"), max_length=60, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        choices=ROLE_CHOICES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Sales, cash, ledger and credit are kept apart; an auditor has no other role."),
    )
    all_units = forms.BooleanField(label=_("Sees all units"), required=False)
    units = forms.ModelMultipleChoiceField(
        label=_("Business units"),
        queryset=BusinessUnit.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    manager = forms.ModelChoiceField(
        label=_("Manager"),
        queryset=User.objects.none(),
        required=False,
        help_text=_("Gets what the person leaves unacknowledged."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["units"].queryset = BusinessUnit.objects.order_by("code")  # type: ignore[attr-defined]
        self.fields["manager"].queryset = User.objects.filter(is_active=True).order_by("username")  # type: ignore[attr-defined]

    def clean_roles(self) -> list[Role]:
        return [Role(name) for name in self.cleaned_data["roles"]]


class NewUserForm(UserForm):
    username = forms.CharField(
        label=_("User name"),
        max_length=60,
        validators=[ASCIIUsernameValidator()],
        help_text=_("Letters, digits and @ . + - _; it can not be changed later."),
    )
    field_order = ["username"]


class ChangeUserForm(UserForm):
    is_active = forms.BooleanField(
        label=_("May sign in"),
        required=False,
        help_text=_("Taking it away ends all sessions and tokens at once."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)


@require_GET
@requires("core.view_user")
def index(request: HttpRequest) -> HttpResponse:
    """List the users by name."""
    form = FilterForm(request.GET)
    order = Order("username")
    rows = sortable(
        _filtered(form).prefetch_related("groups", "units").select_related("manager"), order
    )
    page = page_by_key(
        rows,
        order=order,
        size=PAGE_SIZE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    shown = [{"user": user, "roles": roles_of(user)} for user in page.rows]
    return render(request, "core/users.html", {"form": form, "page": page, "rows": shown})


def roles_of(user: User) -> list[object]:
    """Return the labels of a user's roles, from the prefetched groups."""
    names = {group.name for group in user.groups.all()}
    return [LABELS[role] for role in Role if role.value in names]


def _filtered(form: FilterForm) -> QuerySet[User]:
    found = User.objects.all()
    if not form.is_valid():
        return found.filter(is_active=True)
    query, role, state = (form.cleaned_data[name] for name in ("q", "role", "state"))
    if query:
        found = found.filter(
            Q(username__icontains=query)
            | Q(display_name__icontains=query)
            | Q(email__icontains=query)
        )
    if role:
        found = found.filter(groups__name=role)
    return found if state == "all" else found.filter(is_active=state != "off")


@requires("core.view_user", "core.change_user")
def create(request: HttpRequest) -> HttpResponse:
    """Add a person; the first password is shown on the answer only."""
    form = NewUserForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = attempt(
            form, lambda: users.create(language="", actor=person(request), **form.cleaned_data)
        )
        if made is not None:
            user, password = made
            return render(
                request,
                "core/user_password.html",
                {"person": user, "password": password, "is_new": True},
            )
    return render(
        request, "core/user_form.html", {"form": form}, status=422 if form.errors else 200
    )


@requires("core.view_user")
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a person with rights and history; who may, changes them here."""
    user = get_object_or_404(User.objects.select_related("manager"), pk=pk)
    if request.method == "POST":
        guard(request, ("core.change_user",))
    may_change = request.user.has_perm("core.change_user")
    form = ChangeUserForm(request.POST or None, initial=_initial(user)) if may_change else None
    if form is not None and request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        version = values.pop("version")
        done = attempt(
            form,
            lambda: users.update(
                user=user, actor=person(request), expected_version=version, **values
            ),
        )
        if done is not None:
            messages.success(
                request, _("The user was saved. New rights hold from the next request.")
            )
            return redirect("core:user", pk=pk)
    context = {
        "person": user,
        "form": form,
        "roles": roles_of(user),
        "events": timeline(request, record=f"core.user:{pk}"),
        "history_url": f"{reverse('core:audit')}?record=core.user:{pk}",
    }
    return render(
        request, "core/user.html", context, status=422 if form is not None and form.errors else 200
    )


def _initial(user: User) -> dict[str, Any]:
    return {
        "display_name": user.display_name,
        "email": user.email,
        "roles": [group.name for group in user.groups.all() if group.name in ROLE_NAMES],
        "all_units": user.all_units,
        "units": list(user.units.all()),
        "manager": user.manager,
        "is_active": user.is_active,
        "version": user.version,
    }


@require_POST
@requires("core.view_user", "core.change_user")
def reset_password(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a person a new password, shown on this one answer."""
    user = get_object_or_404(User, pk=pk)
    password = users.reset_password(user=user, actor=person(request), now=clock.now())
    return render(
        request, "core/user_password.html", {"person": user, "password": password, "is_new": False}
    )


@require_POST
@requires("core.view_user", "core.change_user")
def end_sessions(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign a person out everywhere."""
    user = get_object_or_404(User, pk=pk)
    users.end_sessions(user=user, actor=person(request))
    messages.success(request, _("The person's sessions have ended."))
    return redirect("core:user", pk=pk)
