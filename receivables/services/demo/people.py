"""The demo company's business units and the people who work there."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from config.core.models import BusinessUnit, User
from config.core.roles import Role

PASSWORD = "zhangqi-demo-2026"  # noqa: S105 - printed for everybody; never in production
COMPANY = "账期示范集团"
EAST, SOUTH = "HD", "HN"
UNITS = (
    (EAST, f"{COMPANY}华东分公司", "Zhangqi Demo Group, East China"),
    (SOUTH, f"{COMPANY}华南分公司", "Zhangqi Demo Group, South China"),
)


@dataclass(frozen=True, slots=True)
class Employee:
    """`units` empty: sees all units."""

    username: str
    display_name: str
    role: Role
    manager: str = ""
    units: tuple[str, ...] = ()


EMPLOYEES = (
    Employee("admin", "管理员", Role.ADMINISTRATOR),
    Employee("finance_manager", "沈若兰", Role.FINANCE_MANAGER),
    Employee("credit_manager", "顾明哲", Role.CREDIT_MANAGER, "finance_manager"),
    Employee("credit_analyst", "苏晓雯", Role.CREDIT_ANALYST, "credit_manager"),
    Employee("ar_accountant", "严慧敏", Role.AR_ACCOUNTANT, "finance_manager"),
    Employee("cashier", "方雨桐", Role.CASHIER, "finance_manager"),
    Employee("auditor", "贺思远", Role.AUDITOR),
    Employee("integration", "接口账户", Role.INTEGRATION),
    Employee("collector", "赵琳", Role.COLLECTOR, "credit_manager", (EAST, SOUTH)),
    Employee("sun_bo", "孙博", Role.COLLECTOR, "credit_manager", (EAST,)),
    Employee("tang_jing", "唐静", Role.COLLECTOR, "credit_manager", (SOUTH,)),
    Employee("sales", "李文涛", Role.SALESPERSON, "credit_manager", (EAST,)),
    Employee("wang_yue", "王悦", Role.SALESPERSON, "credit_manager", (EAST,)),
    Employee("chen_hao", "陈浩", Role.SALESPERSON, "credit_manager", (EAST,)),
    Employee("zhou_min", "周敏", Role.SALESPERSON, "credit_manager", (SOUTH,)),
    Employee("lin_yue", "林越", Role.SALESPERSON, "credit_manager", (SOUTH,)),
    Employee("he_jun", "何俊", Role.SALESPERSON, "credit_manager", (SOUTH,)),
)
# Named after their roles: these are printed; the others have the same password.
PRINTED = (
    "finance_manager", "credit_manager", "credit_analyst", "ar_accountant", "cashier", "collector",
    "sales", "auditor", "admin", "integration",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class People:
    units: dict[str, BusinessUnit]
    users: dict[str, User]

    def at(self, unit: str, role: Role) -> list[User]:
        """Return the people of a role who work for a unit by name, in a fixed order."""
        return [self.users[e.username] for e in EMPLOYEES if e.role == role and unit in e.units]


def demo_logins() -> list[tuple[str, str, str]]:
    """This function will return (user name, password, role) of the demo people to be printed."""
    roles = {employee.username: employee.role.value for employee in EMPLOYEES}
    return [(username, PASSWORD, roles[username]) for username in PRINTED]


def create_people() -> People:
    """This function will create the two units and everybody who works there, with roles."""
    units = {
        code: BusinessUnit.objects.create(code=code, name=name, name_en=name_en)
        for code, name, name_en in UNITS
    }
    hashed = make_password(PASSWORD)  # once: it is slow on purpose
    users = {
        e.username: User.objects.create(
            username=e.username,
            password=hashed,
            display_name=e.display_name,
            all_units=not e.units,
            is_staff=e.role == Role.ADMINISTRATOR,
        )
        for e in EMPLOYEES
    }
    _connect(users, units)
    return People(units, users)


def _connect(users: dict[str, User], units: dict[str, BusinessUnit]) -> None:
    groups = {group.name: group for group in Group.objects.all()}
    for employee in EMPLOYEES:
        user = users[employee.username]
        user.groups.add(groups[employee.role.value])
        user.units.add(*(units[code] for code in employee.units))
        if employee.manager:
            user.manager = users[employee.manager]
            user.save(update_fields=["manager"])
