"""The table of what reads and writes frames.

Ways of showing a frame (``to_string``, ``to_html``, ``to_markdown``, the clipboard) and of turning
it into objects of Python's (``to_dict``, ``to_numpy``) are no executions.
"""

from __future__ import annotations

import sys
from typing import Any

from mlmeta_track_pandas.calls import reader, writer


def _query(sql: Any) -> str | None:
    """Return a query as text: it is text, or an expression of SQLAlchemy's."""
    sqlalchemy = sys.modules.get("sqlalchemy")
    if isinstance(sql, str):
        return str(sql)
    if sqlalchemy is None or not isinstance(sql, sqlalchemy.sql.ClauseElement):
        return None
    return str(sql)  # its values are placeholders


READERS = (
    reader("read_csv", "filepath_or_buffer"),
    reader("read_table", "filepath_or_buffer"),
    reader("read_fwf", "filepath_or_buffer"),
    reader("read_json", "path_or_buf"),
    reader("read_xml", "path_or_buffer"),
    reader("read_html", "io"),
    reader("read_excel", "io"),
    reader("ExcelFile.parse", "self"),
    reader("read_parquet", "path"),
    reader("read_feather", "path"),
    reader("read_orc", "path"),
    reader("read_hdf", "path_or_buf"),
    reader("read_pickle", "filepath_or_buffer"),
    reader("read_sas", "filepath_or_buffer"),
    reader("read_spss", "path"),
    reader("read_stata", "filepath_or_buffer"),
    reader("read_clipboard"),
    reader("read_gbq"),
    reader("read_iceberg"),
    reader("read_sql", "con", shows={"sql": _query}),
    reader("read_sql_query", "con", shows={"sql": _query}),
    reader("read_sql_table", "con"),
)

# Methods that a frame and a series have in common.
_BOTH = (
    ("to_csv", "path_or_buf"),
    ("to_json", "path_or_buf"),
    ("to_pickle", "path"),
    ("to_excel", "excel_writer"),
    ("to_hdf", "path_or_buf"),
    ("to_sql", "con"),
)
_OF_FRAMES = (
    ("to_parquet", "path"),
    ("to_feather", "path"),
    ("to_orc", "path"),
    ("to_stata", "path"),
    ("to_xml", "path_or_buffer"),
)

WRITERS = (
    *(writer(f"DataFrame.{name}", target) for name, target in (*_BOTH, *_OF_FRAMES)),
    *(writer(f"Series.{name}", target) for name, target in _BOTH),
)

FUNCTIONS = (*READERS, *WRITERS)
