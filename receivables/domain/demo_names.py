"""Made-up companies and people for the demo: names composed from word lists. Pure.

No name is taken from a register. Brands are two characters that are seldom put together, and the
few combinations that are known houses are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

# city, province, administrative division (for the made-up credit code), weight
EAST = (
    ("上海", "上海", "310115", 9), ("苏州", "江苏", "320505", 8), ("无锡", "江苏", "320205", 5), ("南京", "江苏", "320104", 5),
    ("常州", "江苏", "320402", 4), ("南通", "江苏", "320602", 3), ("扬州", "江苏", "321002", 2), ("杭州", "浙江", "330106", 7),
    ("宁波", "浙江", "330203", 5), ("嘉兴", "浙江", "330402", 3), ("绍兴", "浙江", "330602", 3), ("温州", "浙江", "330302", 2),
    ("湖州", "浙江", "330502", 2), ("合肥", "安徽", "340104", 4), ("芜湖", "安徽", "340202", 2), ("青岛", "山东", "370202", 3),
    ("烟台", "山东", "370602", 2), ("济南", "山东", "370102", 3), ("南昌", "江西", "360102", 2),
)  # fmt: skip
SOUTH = (
    ("深圳", "广东", "440305", 9), ("广州", "广东", "440106", 8), ("东莞", "广东", "441900", 6), ("佛山", "广东", "440604", 6),
    ("惠州", "广东", "441302", 3), ("中山", "广东", "442000", 3), ("珠海", "广东", "440402", 3), ("江门", "广东", "440703", 2),
    ("厦门", "福建", "350203", 4), ("泉州", "福建", "350502", 3), ("福州", "福建", "350102", 3), ("长沙", "湖南", "430102", 3),
    ("株洲", "湖南", "430202", 1), ("南宁", "广西", "450102", 2), ("柳州", "广西", "450202", 1), ("海口", "海南", "460105", 1),
)  # fmt: skip
# industry as it is filed, what such a company calls itself
TRADES = (
    ("机械制造", ("精密机械", "机械制造", "重工机械", "数控设备", "液压件")),
    ("电子信息", ("电子科技", "光电科技", "微电子", "智能科技", "通信设备")),
    ("汽车零部件", ("汽车零部件", "汽车电子", "汽配", "动力总成")),
    ("新能源", ("新能源科技", "储能科技", "光伏材料", "电池材料")),
    ("化工材料", ("新材料", "化工", "精细化工", "高分子材料")),
    ("包装印刷", ("包装材料", "包装制品", "印刷包装", "纸业")),
    ("建筑工程", ("建设工程", "装饰工程", "机电安装工程", "钢结构")),
    ("纺织服装", ("纺织", "服饰", "针织", "家纺")),
    ("食品饮料", ("食品", "粮油", "饮品", "调味食品")),
    ("医药器械", ("医疗器械", "生物科技", "医药", "康复器械")),
    ("商贸流通", ("贸易", "供应链管理", "商贸", "实业")),
    ("物流运输", ("物流", "国际货运代理", "冷链物流", "仓储")),
    ("家电家居", ("电器", "家居用品", "厨卫", "照明电器")),
)  # fmt: skip
FIRST = "明泰瑞宏锦启晟润博景昊卓森皓凯旭鼎佳诺沐澄岚晗筑沛颂禾朗屹臻煜珩钰湛霁穆骁砺翊"
SECOND = "远川禾达通盛航泽辰宇谷岳帆林溪峰曜捷衡榕霖晖骏旸屿霆垣峤川阔澍淇韬矩弘砚楷笙蔚"
# Well-known houses among the combinations above, and sounds with a meaning of their own.
KNOWN = {
    "明泰", "瑞达", "博通", "卓航", "凯达", "宏达", "锦林", "佳通", "明林", "鼎盛", "景林", "诺辰", "泰达", "泰禾", "润禾",
    "景峰", "森林", "宏远", "博达", "旭辉", "旭晖", "沐川", "宏川", "泰通", "明远", "瑞通", "昊远", "润达", "润泽", "博泽",
}  # fmt: skip
LEGAL_FORMS = (("有限公司", 82), ("股份有限公司", 12), ("有限责任公司", 6))
ABROAD = (
    ("Singapore", "SG"), ("Vietnam", "VN"), ("Thailand", "TH"), ("Malaysia", "MY"), ("Germany", "DE"),
    ("Mexico", "MX"), ("United Arab Emirates", "AE"), ("Indonesia", "ID"),
)  # fmt: skip
ABROAD_FIRST = (
    "Harbour", "Northfield", "Silverline", "Copperleaf", "Brightwater", "Eastgate", "Stonebridge", "Larkspur", "Maplecourt",
    "Redfern", "Windmere", "Oakhollow", "Bluecrest", "Ironwood", "Fairhaven", "Amberley",
)  # fmt: skip
ABROAD_SECOND = (
    "Trading",
    "Industrial Supply",
    "Components",
    "Electronics",
    "Machinery",
    "Imports",
    "Home Appliances",
)
ABROAD_FORMS = ("Ltd.", "Pte. Ltd.", "GmbH", "LLC", "Co., Ltd.")
SURNAMES = "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高罗郑梁谢宋唐许邓冯韩曹彭曾萧田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金贾韦夏付方邹熊白孟秦江"
GIVEN = "志伟文静丽娟建国晓东海燕雪梅俊杰国强玉兰佳琪思远嘉豪雨桐欣怡浩然梓涵明辉春华永康慧敏立新少华婷婷"
TITLES = {
    "finance": ("财务经理", "财务主管", "应付会计"),
    "purchasing": ("采购经理", "采购主管", "采购员"),
}
ROADS = (
    "科技",
    "创业",
    "工业",
    "新港",
    "望江",
    "临湖",
    "兴业",
    "翠屏",
    "振兴",
    "锦绣",
    "长岭",
    "云栖",
)
# The characters an organisation code is counted in: the alphabet of the code, no look-alikes.
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"

City = tuple[str, str, str, int]


@dataclass(frozen=True, slots=True)
class Company:
    name: str
    short_name: str
    industry: str
    region: str
    city: str
    # Where it is registered, and its eight characters there; empty for a company abroad.
    division: str = ""
    organisation: str = ""
    tax_number: str = ""

    @property
    def is_abroad(self) -> bool:
        return not self.division


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    role: str
    title: str
    phone: str
    email: str


def companies(rng: Random, *, cities: tuple[City, ...], first_number: int) -> Iterator[Company]:
    """This function will make companies without end, no two with the same name."""
    taken: set[str] = set()
    number = first_number
    while True:
        company = _company(rng, cities, number)
        if company.name not in taken:
            taken.add(company.name)
            number += 1
            yield company


def _company(rng: Random, cities: tuple[City, ...], number: int) -> Company:
    city, province, division, _weight = rng.choices(cities, [c[3] for c in cities])[0]
    brand = _brand(rng)
    industry, words = rng.choice(TRADES)
    trade = rng.choice(words)
    form = rng.choices([f[0] for f in LEGAL_FORMS], [f[1] for f in LEGAL_FORMS])[0]
    return Company(
        name=f"{city}{brand}{trade}{form}",
        short_name=f"{city}{brand}",
        industry=industry,
        region=province,
        city=city,
        division=division,
        organisation=organisation(number),
    )


def member_of(parent: Company, rng: Random, *, cities: tuple[City, ...], number: int) -> Company:
    """This function will make a company of the same brand elsewhere, for a group."""
    brand = parent.short_name.removeprefix(parent.city)
    city, province, division, _weight = rng.choice(cities)
    industry, words = rng.choice(TRADES)
    return Company(
        name=f"{city}{brand}{rng.choice(words)}有限公司",
        short_name=f"{city}{brand}",
        industry=industry,
        region=province,
        city=city,
        division=division,
        organisation=organisation(number),
    )


def companies_abroad(rng: Random, *, first_number: int) -> Iterator[Company]:
    """This function will make customers abroad, who have no Chinese credit code."""
    taken: set[str] = set()
    number = first_number
    while True:
        country, code = rng.choice(ABROAD)
        first, second = rng.choice(ABROAD_FIRST), rng.choice(ABROAD_SECOND)
        name = f"{first} {second} {rng.choice(ABROAD_FORMS)}"
        if f"{first} {second}" in taken and len(taken) < len(ABROAD_FIRST) * len(ABROAD_SECOND):
            continue
        if f"{first} {second}" in taken:
            name = f"{first} {second} No. {number} {rng.choice(ABROAD_FORMS)}"
        taken.add(f"{first} {second}")
        yield Company(
            name=name,
            short_name=first,
            industry="进出口贸易",
            region=country,
            city=country,
            tax_number=f"{code}{20_000_000 + 7919 * number}",
        )
        number += 1


def _brand(rng: Random) -> str:
    while True:
        brand = rng.choice(FIRST) + rng.choice(SECOND)
        if brand not in KNOWN and brand[0] != brand[1]:
            return brand


def organisation(number: int) -> str:
    """This function will return eight characters that no other number has; they say DEM(o).

    >>> organisation(0), organisation(32)
    ('MADEM000', 'MADEM011')
    """
    digits = ""
    for _ in range(3):
        number, rest = divmod(number, len(ALPHABET))
        digits = ALPHABET[rest] + digits
    return f"MADEM{digits}" if not number else f"M{ALPHABET[number]}DEM{digits}"


def person(rng: Random, *, role: str, number: int) -> Person:
    """This function will make a contact; telephone and address are of the kinds kept for examples."""
    name = rng.choice(SURNAMES) + "".join(rng.sample(GIVEN, rng.choice((1, 2, 2))))
    return Person(
        name=name,
        role=role,
        title=rng.choice(TITLES.get(role, ("",))),
        phone=f"138-0000-{number % 10_000:04d}",
        email=f"contact{number:05d}@example.com",
    )


def full_name(rng: Random) -> str:
    """This function will make a Chinese person's name."""
    return rng.choice(SURNAMES) + "".join(rng.sample(GIVEN, 2))


def address(company: Company, rng: Random) -> str:
    """This function will make a street address in the company's city."""
    if company.is_abroad:
        return f"{rng.randint(1, 240)} Example Road, {company.region}"
    province = "" if company.region == company.city else company.region
    return f"{province}{company.city}市{rng.choice(ROADS)}路{rng.randint(1, 998)}号"
