from config.core.models.audit import AuditAnchor, AuditEvent, AuditSeal
from config.core.models.calendar import CalendarDay
from config.core.models.jobs import Heartbeat, Job
from config.core.models.messages import Notification, OutboxMessage
from config.core.models.periods import AccountingPeriod, PeriodReopening
from config.core.models.rates import ExchangeRate
from config.core.models.requests import IdempotencyKey, SavedView
from config.core.models.units import BusinessUnit
from config.core.models.users import ApiToken, LoginFailure, User

__all__ = [
    "AccountingPeriod",
    "ApiToken",
    "AuditAnchor",
    "AuditEvent",
    "AuditSeal",
    "BusinessUnit",
    "CalendarDay",
    "ExchangeRate",
    "Heartbeat",
    "IdempotencyKey",
    "Job",
    "LoginFailure",
    "Notification",
    "OutboxMessage",
    "PeriodReopening",
    "SavedView",
    "User",
]
