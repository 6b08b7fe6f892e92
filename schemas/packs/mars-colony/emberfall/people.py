"""The people on the operations roster: names drawn at random, certifications by role."""

from __future__ import annotations

from random import Random

from emberfall.places import ARRIVALS, DOSE_LIMIT
from emberfall.rows import Row, Rows

CERTIFICATIONS = (
    "eva", "rover-driver", "medic", "caving", "laboratory", "cargo-handling", "life-support", "mechanical",
)  # fmt: skip

GIVEN = (
    "Adisa", "Bruna", "Cato", "Dariela", "Eskil", "Fenna", "Goran", "Hana", "Ilario", "Jorun", "Kavi", "Liora",
    "Matteo", "Nkechi", "Orla", "Paavo", "Quillon", "Rukmini", "Soraya", "Tomasz", "Ulla", "Viggo", "Wanjiru",
    "Xiomara", "Yusra", "Zoltan", "Amaru", "Bettina", "Ciro", "Dunya", "Emeka", "Freya", "Ginevra", "Halima",
    "Ines", "Jomar",
)  # fmt: skip

FAMILY = (
    "Abendrath", "Belcourtis", "Calderane", "Dovrensky", "Eastmarrow", "Falkenrede", "Garrowby", "Hollenquist",
    "Isandro", "Jessamund", "Kestrovic", "Lindqvarn", "Marowe", "Nightingarth", "Okwandu", "Pellandine", "Quarrenby",
    "Rossivar", "Sandoveil", "Tamarund", "Umberlyn", "Vantongere", "Wexholm", "Yarrowick", "Zamborine", "Ashgrovian",
    "Brightmere",
)  # fmt: skip

# role, certifications that come with it, how many on the roster
ROLES = (
    ("engineer", ("eva", "mechanical", "life-support"), 22),
    ("technician", ("mechanical", "cargo-handling"), 20),
    ("geologist", ("eva", "laboratory", "rover-driver"), 18),
    ("driver", ("eva", "rover-driver", "mechanical"), 14),
    ("biologist", ("laboratory",), 12),
    ("physician", ("medic", "laboratory", "eva"), 8),
    ("botanist", ("laboratory", "life-support"), 10),
    ("cook", (), 4),
    ("teacher", (), 3),
    ("administrator", ("cargo-handling",), 5),
)

ON_LEAVE = 4
DOSES = ((380, 520), (190, 300), (190, 300))


def colonists(rows: Rows, chance: Random) -> list[Row]:
    """The roster, first arrivals first. It fills the chairs of the habitats' chiefs too."""
    roles = [(role, certificates) for role, certificates, count in ROLES for _ in range(count)]
    names = chance.sample([f"{given} {family}" for given in GIVEN for family in FAMILY], len(roles))
    waves = sorted(chance.choices(range(len(ARRIVALS)), [people for _, people in ARRIVALS], k=len(roles)))
    chance.shuffle(roles)
    people: list[Row] = []
    for (role, base), name, wave in zip(roles, names, waves, strict=True):
        mentors = [one["id"] for one in people if one["role"] == role and one["arrived_on"] == ARRIVALS[0][0]]
        people.append(
            {
                "id": f"COL-{len(people) + 1:03}",
                "name": name,
                "role": role,
                "status": "available",
                "home_id": home(rows["habitat"], chance),
                "certifications": certifications(base, chance),
                "mentor_id": chance.choice(mentors) if mentors and wave else None,
                "born_on": f"{chance.randint(1978, 2003)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
                "arrived_on": ARRIVALS[wave][0],
                "dose_msv": chance.randint(*DOSES[wave]),
            }
        )
    for person in chance.sample([person for person in people if person["role"] == "technician"], ON_LEAVE):
        person["status"] = "medical-leave"
    next(person for person in people if person["role"] == "driver")["dose_msv"] = DOSE_LIMIT + 14
    for habitat in rows["habitat"]:
        habitat["chief_id"] = next(person["id"] for person in people if person["home_id"] == habitat["id"])
    return people


def home(habitats: list[Row], chance: Random) -> str:
    """A habitat, the fuller the likelier."""
    return str(chance.choices(habitats, [habitat["headcount"] for habitat in habitats])[0]["id"])


def certifications(base: tuple[str, ...], chance: Random) -> list[str]:
    """What comes with the role, and now and then one more."""
    more = {name for name in ("eva", "rover-driver", "caving", "cargo-handling") if chance.random() < 0.2}
    return [name for name in CERTIFICATIONS if name in base or name in more]


def certified(people: list[Row], certification: str | None) -> list[Row]:
    """Those who hold a certification; all of them when none is asked for."""
    return [person for person in people if certification is None or certification in person["certifications"]]
