"""An update as text and as JSON."""

from dataclasses import replace
from pathlib import Path

from edgerec.report.updated_text import updated_json, updated_text
from edgerec.updates.outcome import LayerRows, Outcome, Shipped

UPDATE = Shipped(2048, 100 * 1024, 80 * 1024, 0.1234, 0.05, 0.25)
OUTCOME = Outcome(
    path=Path("out/next.edgerec"),
    sha256="ab",
    runtime="tflite-runtime==2.14.0",
    k=10,
    interactions=340,
    new_items=4,
    new_users=7,
    held_out=60,
    held_out_new=20,
    layers=(LayerRows("items", 81, 4, 51),),
    update=UPDATE,
    rebuild=replace(UPDATE, delta_bytes=70 * 1024, recall=0.1235, new_hit_rate=None),
)


def test_the_update_stands_beside_the_rebuild() -> None:
    assert updated_text(OUTCOME) == (
        "out/next.edgerec: golden outputs hold in tflite-runtime==2.14.0\n"
        "340 new interactions, 4 new items, 7 new users; judged by 60 held-out items, 20 of them new\n"
        "\n"
        "table  rows  new  with news  as they were\n"
        "items    81    4         51            26\n"
        "\n"
        "            patch  download  in the app  recall@10  NDCG@10  new items found\n"
        "update    2.0 KiB  80.0 KiB   100.0 KiB     0.1234   0.0500           25.0 %\n"
        "rebuild  70.0 KiB  80.0 KiB   100.0 KiB     0.1235   0.0500                -"
    )


def test_json_has_the_same_as_plain_values() -> None:
    found = updated_json(OUTCOME)
    assert (found["path"], found["update"]["delta_bytes"], found["layers"][0]["touched"]) == (
        "out/next.edgerec",
        2048,
        51,
    )
