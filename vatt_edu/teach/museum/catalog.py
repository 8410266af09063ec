"""All exhibits, in the order of the page."""

from vatt_edu.teach.museum.layers import EXHIBITS as LAYERS
from vatt_edu.teach.museum.learning import EXHIBITS as LEARNING

EXHIBITS = {exhibit.name: exhibit for exhibit in (*LAYERS, *LEARNING)}
