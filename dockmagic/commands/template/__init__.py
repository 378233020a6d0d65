"""Go's templates (text/template), as far as docker's ``--format`` needs them."""

from .evaluate import render
from .functions import HEADER_FUNCTIONS
from .nodes import Template
from .parse import parse
from .values import Map, Nil, Shown, TemplateStruct

__all__ = ["HEADER_FUNCTIONS", "Map", "Nil", "Shown", "Template", "TemplateStruct", "parse", "render"]
