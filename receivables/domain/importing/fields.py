"""What can be imported: for each kind of file its fields, and the headings people give them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from receivables.domain.importing.reasons import gettext_noop

CUSTOMERS, OPEN_ITEMS, RECEIPTS = "customers", "open-items", "receipts"

NUMBER, CODE, NAME, TEXT = "number", "code", "name", "text"
AMOUNT, OPEN_AMOUNT, DATE, CURRENCY = "amount", "open_amount", "date", "currency"
YES_NO, CHOICE, WHOLE = "yes_no", "choice", "whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing a column can mean. `label` and `label_zh` head the template's column."""

    name: str
    label: str
    label_zh: str
    type: str
    required: bool = False
    max_length: int = 60
    synonyms: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] | None = None


# Every word for a choice is compared as headings are: without case, width, blanks and hyphens.
ITEM_KINDS = {
    "invoice": ("invoice", "发票", "销售发票", "增值税发票", "应收单", "RV", "SI"),
    "debit_note": ("debit note", "debit", "借项通知", "其他应收单", "应收调增"),
    "opening": ("opening balance", "opening", "期初", "期初余额", "期初应收"),
    "interest": ("interest", "late-payment interest", "逾期利息", "利息"),
    "retention": ("retention", "retention money", "质保金"),
    "refund": ("refund", "退款", "退款单"),
    "credit_note": (
        "credit note",
        "credit memo",
        "credit",
        "贷项通知",
        "红字发票",
        "红字",
        "退货",
        "RG",
    ),
    "receipt": ("receipt", "payment", "收款", "收款单", "回款", "预收款", "DZ"),
    "bill": ("bill", "acceptance bill", "承兑汇票", "应收票据"),
    "write_off": ("write-off", "坏账核销", "核销坏账"),
}
CREDIT_KINDS = frozenset({"credit_note", "receipt", "bill", "write_off"})
CAUSES = {
    "normal_delay": ("normal delay", "正常拖延", "正常延迟"),
    "dispute": ("dispute", "disputed", "争议", "有争议"),
    "quality": ("quality", "quality or delivery complaint", "质量问题", "质量或交付投诉"),
    "procedure": ("procedure", "procedure or documents", "流程或单据", "手续"),
    "difficulty": ("difficulty", "payment difficulty", "付款困难", "资金困难"),
    "bad_faith": ("bad faith", "恶意拖欠", "恶意"),
    "lost_contact": ("lost contact", "失联"),
    "litigation": ("litigation", "诉讼"),
    "insolvency": ("insolvency", "破产"),
    "related_party": ("related party", "关联方"),
    "our_fault": ("our own fault", "our fault", "我方原因"),
}
YES = ("yes", "y", "true", "1", "是", "有", "对", "√")
NO = ("no", "n", "false", "0", "否", "无", "不", "×")
CUSTOMER_KINDS = {
    "company": ("company", "企业", "公司"),
    "public_body": ("public body", "政府及事业单位", "事业单位", "机关"),
    "sole_trader": ("sole trader", "个体工商户", "个体户"),
    "foreign": ("foreign", "foreign customer", "境外客户", "国外客户"),
    "related_party": ("related party", "关联方"),
}
SIZE_CLASSES = {
    "large": ("large", "大型", "大型企业"),
    "medium": ("medium", "中型", "中型企业"),
    "small": ("small", "小型", "小型企业"),
    "micro": ("micro", "微型", "微型企业"),
}
SEGMENTS = {
    "key": ("key", "key customer", "重点客户", "重点"),
    "growth": ("growth", "growth customer", "成长客户", "成长"),
    "regular": ("regular", "regular customer", "一般客户", "普通客户", "普通"),
    "watch": ("watch", "watched customer", "关注客户", "关注"),
    "exit": ("exit", "customer to leave", "退出客户", "退出"),
}

_CUSTOMER = Field(
    name="customer", label=gettext_noop("Customer code"), label_zh="客户编码", type=CODE, required=True, max_length=40,
    synonyms=(
        "customer", "customer id", "customer no", "customer number", "cust number", "cust no", "cust id", "client code",
        "account", "account number", "debtor", "客户编号", "客户代码", "客户号", "往来单位编码", "单位编码", "购方编码", "购货单位编码",
    ),
)  # fmt: skip
_CUSTOMER_NAME = Field(
    name="customer_name", label=gettext_noop("Customer name"), label_zh="客户名称", type=NAME, max_length=200,
    synonyms=("name", "name customer", "client", "company", "客户", "客户名", "单位名称", "往来单位", "往来单位名称", "购方名称", "购货单位"),
)  # fmt: skip
_CURRENCY = Field(
    name="currency", label=gettext_noop("Currency"), label_zh="币种", type=CURRENCY, max_length=3,
    synonyms=("currency code", "invoice currency", "ccy", "币别", "货币", "结算币种"),
)  # fmt: skip
_AMOUNT_WORDS = (
    "invoice amount", "gross amount", "total", "total amount", "total open amount", "amount due", "价税合计", "含税金额",
    "发票金额", "应收金额", "本币金额", "原币金额", "金额合计", "合计金额",
)  # fmt: skip
_TEXT = Field(
    name="text", label=gettext_noop("Text"), label_zh="摘要", type=TEXT, max_length=200,
    synonyms=("description", "memo", "remark", "remarks", "note", "备注", "说明"),
)  # fmt: skip

OPEN_ITEM_FIELDS = (
    Field(
        name="number", label=gettext_noop("Document number"), label_zh="单据号", type=NUMBER, required=True,
        synonyms=(
            "number", "document no", "document", "doc no", "doc id", "invoice", "invoice no", "invoice number", "invoice id",
            "reference", "发票号", "发票号码", "发票编号", "单据编号", "单据号码", "单号", "数电票号码", "凭证号",
        ),
    ),
    _CUSTOMER,
    _CUSTOMER_NAME,
    Field(
        name="kind", label=gettext_noop("Kind"), label_zh="单据类型", type=CHOICE, choices=ITEM_KINDS,
        synonyms=("type", "document type", "doc type", "item kind", "类型", "单据类别", "业务类型"),
    ),
    Field(
        name="document_date", label=gettext_noop("Document date"), label_zh="开票日期", type=DATE, required=True,
        synonyms=(
            "date", "invoice date", "doc date", "issue date", "发票日期", "单据日期", "业务日期", "日期", "开票时间",
        ),
    ),
    Field(
        name="posting_date", label=gettext_noop("Posting date"), label_zh="记账日期", type=DATE,
        synonyms=("posted on", "gl date", "booking date", "入账日期", "过账日期", "凭证日期"),
    ),
    Field(
        name="due_date", label=gettext_noop("Due date"), label_zh="到期日", type=DATE,
        synonyms=("due", "due on", "due in date", "maturity date", "payment due", "到期日期", "应收日期", "应付款日期", "付款到期日"),
    ),
    Field(
        name="amount", label=gettext_noop("Amount"), label_zh="金额", type=AMOUNT, required=True, max_length=40,
        synonyms=_AMOUNT_WORDS,
    ),
    Field(
        name="open_amount", label=gettext_noop("Open amount"), label_zh="未收金额", type=OPEN_AMOUNT, max_length=40,
        synonyms=("open", "outstanding", "outstanding amount", "balance", "remaining", "余额", "未核销金额", "未收余额", "欠款金额", "未付金额"),
    ),
    Field(
        name="settled_on", label=gettext_noop("Settled on"), label_zh="结清日期", type=DATE,
        synonyms=("settled date", "settlement date", "paid on", "payment date", "clear date", "clearing date", "核销日期", "收款日期", "付清日期", "清账日期"),
    ),
    _CURRENCY,
    Field(
        name="disputed", label=gettext_noop("Disputed"), label_zh="是否争议", type=YES_NO,
        synonyms=("in dispute", "争议", "有争议"),
    ),
    Field(
        name="cause", label=gettext_noop("Arrears type"), label_zh="欠款类型", type=CHOICE, choices=CAUSES,
        synonyms=("cause", "reason", "欠款原因"),
    ),
    Field(
        name="instalment", label=gettext_noop("Instalment"), label_zh="期次", type=WHOLE,
        synonyms=("instalment no", "installment", "分期", "期数"),
    ),
    Field(
        name="order_reference", label=gettext_noop("Order"), label_zh="订单号", type=TEXT,
        synonyms=("order no", "order number", "sales order", "po number", "订单编号", "销售订单号"),
    ),
    Field(
        name="contract_reference", label=gettext_noop("Contract"), label_zh="合同号", type=TEXT,
        synonyms=("contract no", "contract number", "合同编号"),
    ),
    _TEXT,
)  # fmt: skip

RECEIPT_FIELDS = (
    Field(
        name="number", label=gettext_noop("Receipt number"), label_zh="收款单号", type=NUMBER, required=True,
        synonyms=(
            "number", "document number", "receipt no", "receipt", "reference", "bank reference", "transaction id", "payment number", "流水号", "银行流水号",
            "交易流水号", "单据号", "单据编号", "凭证号", "收款编号",
        ),
    ),
    _CUSTOMER,
    _CUSTOMER_NAME,
    Field(
        name="document_date", label=gettext_noop("Receipt date"), label_zh="收款日期", type=DATE, required=True,
        synonyms=("date", "document date", "received on", "payment date", "value date", "到账日期", "交易日期", "记账日期", "日期"),
    ),
    Field(
        name="amount", label=gettext_noop("Amount"), label_zh="金额", type=AMOUNT, required=True, max_length=40,
        synonyms=("receipt amount", "received", "credit amount", "payment amount", "收款金额", "到账金额", "贷方发生额", "收入金额"),
    ),
    _CURRENCY,
    _TEXT,
)  # fmt: skip

CUSTOMER_FIELDS = (
    Field(
        name="code", label=gettext_noop("Customer code"), label_zh="客户编码", type=CODE, required=True, max_length=40,
        synonyms=("code", *_CUSTOMER.synonyms),
    ),
    Field(
        name="name", label=gettext_noop("Customer name"), label_zh="客户名称", type=NAME, required=True, max_length=200,
        synonyms=_CUSTOMER_NAME.synonyms,
    ),
    Field(name="name_en", label=gettext_noop("English name"), label_zh="英文名称", type=NAME, max_length=200),
    Field(name="short_name", label=gettext_noop("Short name"), label_zh="简称", type=NAME, synonyms=("客户简称",)),
    Field(
        name="uscc", label=gettext_noop("Unified social credit code"), label_zh="统一社会信用代码", type=TEXT, max_length=18,
        synonyms=("uscc", "tax id", "税号", "纳税人识别号", "信用代码", "社会信用代码"),
    ),
    Field(
        name="kind", label=gettext_noop("Kind"), label_zh="客户性质", type=CHOICE, choices=CUSTOMER_KINDS,
        synonyms=("customer kind", "type", "性质", "客户类型"),
    ),
    Field(
        name="segment", label=gettext_noop("Segment"), label_zh="客户分类", type=CHOICE, choices=SEGMENTS,
        synonyms=("customer segment", "class", "分类", "客户等级"),
    ),
    Field(
        name="size_class", label=gettext_noop("Size class"), label_zh="企业规模", type=CHOICE, choices=SIZE_CLASSES,
        synonyms=("size", "规模", "企业规模类型"),
    ),
    Field(name="industry", label=gettext_noop("Industry"), label_zh="行业", type=TEXT, synonyms=("所属行业", "sector")),
    Field(name="region", label=gettext_noop("Region"), label_zh="地区", type=TEXT, synonyms=("区域", "省份", "area", "province")),
    Field(name="address", label=gettext_noop("Address"), label_zh="地址", type=TEXT, max_length=300, synonyms=("注册地址",)),
    Field(
        name="sales_owner", label=gettext_noop("Sales owner"), label_zh="业务员", type=TEXT, max_length=150,
        synonyms=("owner", "salesperson", "销售员", "销售负责人", "客户经理", "负责人"),
    ),
    Field(name="collector", label=gettext_noop("Collector"), label_zh="催收员", type=TEXT, max_length=150, synonyms=("催收负责人",)),
    Field(
        name="parent", label=gettext_noop("Group parent's code"), label_zh="集团编码", type=CODE, max_length=40,
        synonyms=("parent", "parent code", "group", "上级客户编码", "母公司编码", "集团客户编码"),
    ),
    Field(
        name="payment_terms", label=gettext_noop("Payment terms"), label_zh="付款条件", type=CODE, max_length=30,
        synonyms=("terms", "payment terms code", "terms code", "账期", "付款条件编码", "信用期"),
    ),
    Field(
        name="currency", label=gettext_noop("Currency"), label_zh="币种", type=CURRENCY, max_length=3,
        synonyms=_CURRENCY.synonyms,
    ),
)  # fmt: skip

FIELDS: dict[str, tuple[Field, ...]] = {
    CUSTOMERS: CUSTOMER_FIELDS,
    OPEN_ITEMS: OPEN_ITEM_FIELDS,
    RECEIPTS: RECEIPT_FIELDS,
}


def by_name(kind: str) -> dict[str, Field]:
    """Return the fields of a kind of file by their names."""
    return {field.name: field for field in FIELDS[kind]}
