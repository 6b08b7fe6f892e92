"""Words that no row holds yet, for what tasks have to name anew."""

from __future__ import annotations

PEOPLE = (
    "Alba Renner", "Bastian Moor", "Carla Osei", "Dario Felten", "Edda Lindqvist", "Farid Nolte", "Greta Ivers",
    "Hanno Belka", "Ilse Tamm", "Joris Quade", "Kaja Brandis", "Lorenz Pauli", "Mira Sandoval", "Nils Okafor",
    "Olga Reuter", "Pavel Stern", "Quirin Haas", "Rosa Delgado", "Selma Krog", "Tomas Anders", "Ute Vogel",
    "Viktor Lange", "Wanda Peters", "Yara Simon",
)  # fmt: skip
THINGS = (
    "Amber", "Birch", "Cedar", "Cobalt", "Copper", "Dune", "Ember", "Fern", "Granite", "Harbour", "Indigo", "Juniper",
    "Kestrel", "Lichen", "Marble", "Nettle", "Ochre", "Pebble", "Quartz", "Rowan", "Saffron", "Thistle", "Umber",
    "Velvet", "Willow", "Yarrow",
)  # fmt: skip
PLACES = (
    "Ashford", "Brookhaven", "Colmar", "Dunmore", "Eastvale", "Fairholm", "Greenwich", "Hillcrest", "Ironbridge",
    "Kingsley", "Lakeview", "Millbrook", "Northgate", "Oakdale", "Penrose", "Queensferry", "Riverton", "Stonefield",
    "Thornbury", "Westmoor",
)  # fmt: skip
STREETS = (
    "Birkenallee",
    "Canal Row",
    "Elm Street",
    "Gartenweg",
    "Hafenstraat",
    "Market Lane",
    "Rue du Pont",
    "Tower Hill",
)
SENTENCES = (
    "Agreed on the telephone this morning.",
    "Checked twice; everything is as it should be.",
    "Done at the request of the shift leader.",
    "It was seen by two people and written down at once.",
    "Please look at this before the end of the week.",
    "The first part is finished and the rest will follow.",
    "The matter came up in the meeting on Monday.",
    "There was some noise, and then it stopped.",
    "This has waited long enough.",
    "We found the cause and put it right.",
    "What was promised has been kept.",
    "Nobody was hurt and nothing was lost.",
    "It works again after a restart.",
    "A colleague from the other site confirmed it.",
)
