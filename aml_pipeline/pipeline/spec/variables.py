"""Environment variables of scripts: texts, and secrets that stay where they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticKnownError

from aml_pipeline.pipeline.spec import names
from aml_pipeline.pipeline.spec.base import Model
from aml_pipeline.pipeline.spec.fields import OrShort, Text, fail
from aml_pipeline.pipeline.yaml.scalars import written

# The rule of Azure Key Vault for names of secrets.
_NAME_IN_VAULT = r"[0-9A-Za-z-]{1,127}"


def _secret_name(name: str) -> str:
    if not re.fullmatch(_NAME_IN_VAULT, name):
        raise fail("bad-name", f'"{name}" is not a valid name of a secret in Azure Key Vault.',
                   "Write at most 127 letters, digits and -.")  # fmt: skip
    return name


class Secret(Model):
    """A secret of the workspace's key vault: local runs read it from the caller's variable of the same name."""

    secret: Annotated[Text, AfterValidator(_secret_name)] = Field(
        description="Name of the secret in the key vault of the workspace, where the script must read it. Local runs "
        "read it from your environment variable of the same name.",
        examples=["my-token"],
        json_schema_extra={
            "pattern": f"^{_NAME_IN_VAULT}$",
            "patternErrorMessage": "Write at most 127 letters, digits and -.",
        },
    )


def _text_or_secret(value: object, secret: ValidatorFunctionWrapHandler) -> object:
    if isinstance(value, dict):
        return secret(value)
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise PydanticKnownError("string_type")
    return written(value)


def _variable_name(name: str) -> str:
    if not re.fullmatch(names.VARIABLE_NAME, name):
        raise fail("bad-name", f'"{name}" is not a valid name of an environment variable.',
                   "Write letters, digits and _, for example MY_VARIABLE.")  # fmt: skip
    return name


_VARIABLE_SCHEMA = {
    "type": ["string", "number"],
    "description": "The value of this variable, as a string; write true and false in quotes.",
    "examples": [1],
}
if TYPE_CHECKING:
    Variable = str | Secret
else:  # a union would report each mistake once for each of its types
    Variable = Annotated[Secret, WrapValidator(_text_or_secret), OrShort(_VARIABLE_SCHEMA)]
Variables = Annotated[
    dict[Annotated[str, AfterValidator(_variable_name)], Variable],
    Field(
        description="Environment variables of the scripts. Those of a step are added to those of the pipeline.",
        examples=[{"OMP_NUM_THREADS": 1, "TOKEN": {"secret": "my-token"}}],
        json_schema_extra={
            "propertyNames": {
                "title": "NAME",
                "pattern": f"^(<<|{names.VARIABLE_NAME})$",
                "patternErrorMessage": "Write letters, digits and _, for example MY_VARIABLE.",
            }
        },
    ),
]
