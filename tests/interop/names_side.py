"""Prints what a package offers that is ``ml_metadata`` or stands for it: names and signatures."""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import types
from typing import Any

MODULES = [
    "",
    ".errors",
    ".metadata_store",
    ".metadata_store.metadata_store",
    ".metadata_store.mlmd_types",
    ".proto",
    ".proto.metadata_store_pb2",
    ".proto.metadata_store_service_pb2",
    ".proto.metadata_store_service_pb2_grpc",
    ".simple_types.proto.simple_types_pb2",
    ".version",
]


def names(module: Any) -> list[str]:
    """The public names that the module defines or is used for, no other libraries."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and "_dot_" not in name and not _is_foreign(value)
    ]


def _is_foreign(value: Any) -> bool:
    home = value.__name__ if isinstance(value, types.ModuleType) else value.__class__.__module__
    if isinstance(value, (type, types.FunctionType)):
        home = value.__module__
    foreign = ("typing", "absl", "attr", "google", "grpc", "collections", "enum", "abc")
    return home in {"random", "time"} or str(home).split(".")[0] in foreign


def signature(function: Any) -> list[list[str]]:
    """The parameters with their kinds and defaults."""
    return [
        [p.name, p.kind.name, repr(p.default)]
        for p in inspect.signature(function).parameters.values()
    ]


def describe(package: str) -> dict[str, Any]:
    modules = {name: importlib.import_module(package + name) for name in MODULES}
    store: Any = modules[".metadata_store.metadata_store"]
    errors: Any = modules[".errors"]
    grpc: Any = modules[".proto.metadata_store_service_pb2_grpc"]
    return {
        "modules": {name: names(module) for name, module in modules.items()},
        "methods": {
            name: signature(function)
            for name, function in inspect.getmembers(store.MetadataStore, inspect.isfunction)
            if not name.startswith("_") or name == "__init__"
        },
        "functions": {
            "downgrade_schema": signature(store.downgrade_schema),
            "ListOptions": signature(store.ListOptions),
            "ExtraOptions": signature(store.ExtraOptions),
            "make_exception": signature(errors.make_exception),
            "exception_type_from_error_code": signature(errors.exception_type_from_error_code),
        },
        "errors": {
            name: signature(kind)
            for name, kind in vars(errors).items()
            if isinstance(kind, type) and issubclass(kind, errors.StatusError) and name[0] != "_"
        },
        "codes": {
            code: errors.exception_type_from_error_code(code).__name__ for code in range(1, 17)
        },
        "made": {code: errors.make_exception("m", code).error_code for code in range(1, 17)},
        "numbers": {
            name: value
            for name, value in vars(errors).items()
            if isinstance(value, int) and name.isupper()
        },
        "order": {member.name: member.value for member in store.OrderByField},
        "servicer": sorted(n for n in vars(grpc.MetadataStoreServiceServicer) if n[0] != "_"),
        "version": modules[".version"].__version__,
    }


if __name__ == "__main__":
    print(json.dumps(describe(sys.argv[1])))  # noqa: T201 - its answer
