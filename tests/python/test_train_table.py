"""Tables are read strictly and written whole."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import train_support as support
from vmaf_train.errors import TableError, TrainError
from vmaf_train.features import FEATURES
from vmaf_train.table import SCHEMA, read_rows, write_table


def test_rows_come_in_the_order_of_the_features(tmp_path):
    rows = read_rows(support.write_parquet(tmp_path / "t.parquet", count=50))
    assert (rows.features == support.plausible_features(50)).all()
    assert len(rows) == 50
    assert rows.sources() == [f"clip_{n:04d}" for n in range(12)]
    few = rows.of_sources(["clip_0003"])
    assert set(few.source) == {"clip_0003"}
    assert (few.features == rows.features[3::12]).all()


def test_the_first_rows_can_be_asked_for(tmp_path):
    assert len(read_rows(support.write_parquet(tmp_path / "t.parquet"), limit=7)) == 7


def test_sources_are_optional(tmp_path):
    rows = read_rows(support.write_parquet(tmp_path / "t.parquet", drop=["source"]))
    assert set(rows.source) == {""}


@pytest.mark.parametrize("column", [*FEATURES, "vmaf"])
def test_a_missing_column_is_named(tmp_path, column):
    path = support.write_parquet(tmp_path / "t.parquet", drop=[column])
    with pytest.raises(TableError, match=f"lacks.*{column}"):
        read_rows(path)


def test_a_value_that_is_no_number_is_refused(tmp_path):
    path = support.write_parquet(tmp_path / "t.parquet", count=20)
    table = pq.read_table(path)
    values = table["vif_scale1"].to_numpy().copy()
    values[13] = np.nan
    at = table.schema.get_field_index("vif_scale1")
    pq.write_table(table.set_column(at, "vif_scale1", pa.array(values)), path)
    with pytest.raises(TableError, match="vif_scale1 of row 13"):
        read_rows(path)


@pytest.mark.parametrize("content", [b"", b"PAR1 this is none PAR1"])
def test_what_is_no_parquet_is_refused(tmp_path, content):
    path = tmp_path / "t.parquet"
    path.write_bytes(content)
    with pytest.raises(TableError, match="cannot read"):
        read_rows(path)


def test_a_table_without_rows_is_refused(tmp_path):
    with pytest.raises(TableError, match="no rows"):
        read_rows(support.write_parquet(tmp_path / "t.parquet", count=0))


def test_one_row_group_per_table(tmp_path):
    tables = []
    for n, name in enumerate(("a", "b")):
        table = pq.read_table(support.write_parquet(tmp_path / name, count=30 + n, seed=n))
        tables.append(table)
    write_table(tmp_path / "t.parquet", tables)
    file = pq.ParquetFile(tmp_path / "t.parquet")
    assert [file.metadata.row_group(n).num_rows for n in range(2)] == [30, 31]
    assert file.schema_arrow.names == SCHEMA.names


def test_a_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(pa.ArrowException):
        write_table(tmp_path / "t.parquet", [pa.table({name: ["x"] for name in SCHEMA.names})])
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_place_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainError, match="cannot be written"):
        write_table(tmp_path / "file" / "t.parquet", [])
