from receivables.models.aging import AgingBucket, AgingScheme
from receivables.models.alerts import AlertRule, OverdueAlert
from receivables.models.allocations import Allocation
from receivables.models.imports import ImportBatch, ImportMapping, ImportRefusal
from receivables.models.items import OpenItem, OpenItemQuerySet
from receivables.models.reviews import AgingReview, AgingSnapshot, AgingSummary

__all__ = [
    "AgingBucket",
    "AgingReview",
    "AgingScheme",
    "AgingSnapshot",
    "AgingSummary",
    "AlertRule",
    "Allocation",
    "ImportBatch",
    "ImportMapping",
    "ImportRefusal",
    "OpenItem",
    "OpenItemQuerySet",
    "OverdueAlert",
]
