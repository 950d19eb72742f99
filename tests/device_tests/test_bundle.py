"""The container: one form, told to the byte, and everything else refused."""

import hashlib
import io
import json
import os
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_tests import bundle, container, record
from device_tests.errors import BundleError
from device_tests.manifest import Input, Manifest

INPUT = Input("history", "history", 4, 4, 3)
MANIFEST = Manifest(
    1, "tiny", "float32", "catalogue", "serving_default", (INPUT,), "scores", 3, 2, "float32", "tflite-runtime==2.14.0",
    "2.3.0", 0.0001, 0.99, {},
)  # fmt: skip
MODEL = bytes(range(64)) + bytes(64)
POINTWISE = replace(MANIFEST, kind="pointwise", inputs=(Input("u", "user", 0, 2, None), Input("i", "item", 0, 3, None)))


def members_of(manifest: Manifest = MANIFEST, **more: bytes) -> dict[str, bytes]:
    members = {bundle.MODEL: MODEL, bundle.ITEMS: b"a\nb\n\xc3\xa9\n", **more}
    return signed(members, manifest)


def signed(members: dict[str, bytes], manifest: Manifest) -> dict[str, bytes]:
    words = replace(manifest, digests=bundle.digests(members))
    return {**members, bundle.MANIFEST: record.dumps(words).encode()}


TINY = bundle.encode(members_of())


def test_what_is_encoded_is_decoded() -> None:
    found = bundle.decode(TINY)
    assert dict(found.members) == members_of()
    assert found.model == MODEL
    assert found.item_ids == ("a", "b", "é")
    assert found.sha256 == hashlib.sha256(TINY).hexdigest()
    assert found.manifest.inputs == (INPUT,)


@given(
    model=st.binary(max_size=300),
    items=st.sets(
        st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), min_size=1, max_size=5), min_size=1
    ),
    order=st.randoms(),
    proof=st.binary(max_size=50),
)
def test_any_content_comes_back_in_one_form(model: bytes, items: set[str], order: object, proof: bytes) -> None:
    words = replace(MANIFEST, items=len(items), k=1, inputs=(replace(INPUT, ids=len(items) + 1, padding_id=None),))
    lines = bundle.join_lines(tuple(sorted(items)))
    members = signed({bundle.MODEL: model, bundle.ITEMS: lines, "proof/baseline_ranks.npy": proof}, words)
    data = bundle.encode(members)
    shuffled = list(members.items())
    order.shuffle(shuffled)
    assert bundle.encode(dict(shuffled)) == data
    assert dict(bundle.decode(data).members) == members
    assert bundle.decode(data).item_ids == tuple(sorted(items))


def test_any_unzip_reads_it() -> None:
    with zipfile.ZipFile(io.BytesIO(TINY)) as archive:
        assert archive.testzip() is None
        assert archive.comment == b""
        assert archive.namelist() == ["app/items.txt", "app/manifest.json", "app/model.tflite"]
        for entry in archive.infolist():
            assert (entry.compress_type, entry.extra, entry.comment, entry.flag_bits) == (
                zipfile.ZIP_STORED,
                b"",
                b"",
                0,
            )
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert archive.read(entry) == members_of()[entry.filename]


@pytest.mark.parametrize("mask", [0x01, 0x20, 0x80, 0xFF])
def test_every_flipped_byte_is_refused(mask: int) -> None:
    for place in range(len(TINY)):
        flipped = bytearray(TINY)
        flipped[place] ^= mask
        with pytest.raises(BundleError, match=r"^bundle[^\n]*$"):
            bundle.decode(bytes(flipped))


def test_every_shorter_file_is_refused() -> None:
    for length in range(len(TINY)):
        with pytest.raises(BundleError):
            bundle.decode(TINY[:length])


@pytest.mark.parametrize("data", [TINY + b"\0", b"\0" + TINY, TINY + TINY, TINY + TINY[-22:], b"PK\3\4" + TINY])
def test_bytes_around_it_are_refused(data: bytes) -> None:
    with pytest.raises(BundleError):
        bundle.decode(data)


@given(data=st.binary(max_size=200), keep=st.booleans())
def test_any_bytes_are_refused_in_one_sentence(data: bytes, keep: bool) -> None:
    with pytest.raises(BundleError, match=r"^[^\n]+$"):
        bundle.decode(TINY[:4] + data + TINY[-22:] if keep else data)


@given(place=st.integers(0, len(TINY) - 4), word=st.sampled_from([0, 1, 0xFFFF, 0xFFFFFFFF, 0x7FFFFFFF]))
def test_absurd_lengths_are_refused_before_they_are_used(place: int, word: int) -> None:
    data = TINY[:place] + struct.pack("<I", word) + TINY[place + 4 :]
    if data != TINY:
        with pytest.raises(BundleError):
            bundle.decode(data)


def zipped(members: dict[str, bytes], compression: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name in sorted(members):
            archive.writestr(zipfile.ZipInfo(name), members[name], compression)
    return file.getvalue()


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_a_zip_of_the_same_members_by_others_is_refused(compression: int) -> None:
    with pytest.raises(BundleError):
        bundle.decode(zipped(members_of(), compression))


def test_a_zip_bomb_is_never_inflated() -> None:
    bomb = zipped({**members_of(), bundle.MODEL: bytes(1 << 26)}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 1 << 18
    with pytest.raises(BundleError):
        bundle.decode(bomb)


def test_a_member_in_another_place_or_twice_is_refused() -> None:
    local = TINY.index(b"PK\1\2")
    directory, end = TINY[local:-22], TINY[-22:]
    entries = directory.split(b"PK\1\2")[1:]
    swapped = TINY[:local] + b"".join(b"PK\1\2" + entry for entry in (entries[1], entries[0], entries[2])) + end
    twice = TINY[:local] + b"".join(b"PK\1\2" + entry for entry in (entries[0], entries[0], entries[1])) + end
    for data in (swapped, twice):
        with pytest.raises(BundleError):
            bundle.decode(data)


def test_members_that_share_bytes_are_refused_before_they_are_copied() -> None:
    """Many entries over the same large bytes would make gigabytes of a small file."""
    size = 1 << 24
    head, directory = bytes(40) + bytes(size), b""
    for index in range(container.MAX_MEMBERS):
        name = b"%09d.." % index
        fields = (20, 20, 0, 0, 0, 33, 0, size, size, len(name), 0, 0, 0, 0, 0, 0)
        directory += struct.pack("<4s6H3I5H2I", b"PK\1\2", *fields) + name
    count = container.MAX_MEMBERS
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(directory), len(head) + 1, 0)
    data = b"PK\3\4" + head[3:] + directory + end
    tracemalloc.start()
    with pytest.raises(BundleError, match=r"its members do not follow each other"):
        bundle.decode(data)
    assert tracemalloc.get_traced_memory()[1] < 2 * size
    tracemalloc.stop()


def test_a_second_directory_is_refused() -> None:
    directory = TINY[TINY.index(b"PK\1\2") : -22]
    end = TINY[-22:-6] + struct.pack("<IH", len(TINY), 0)
    with pytest.raises(BundleError, match=r"bytes too many"):
        bundle.decode(TINY + directory + end)


@pytest.mark.parametrize(
    "name", ["app/other", "proof/../x.npy", "proof/eval_input_.npy", "proof/eval_input_a/b.npy", "x", ""]
)
def test_an_unknown_member_is_refused(name: str) -> None:
    with pytest.raises(BundleError, match=r"no member called"):
        bundle.encode({**members_of(), name: b""})


def test_an_unknown_member_in_a_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(bundle, "_known", bool)
        data = bundle.encode({**members_of(), "app/other": b""})
    with pytest.raises(BundleError, match=r"^x has an unknown member 'app/other'$"):
        bundle.decode(data, "x")


def test_a_bundle_from_the_future_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    later = json.loads(members_of()[bundle.MANIFEST])
    later.update(format=2, flavour="new")
    with monkeypatch.context() as patch:
        patch.setattr(bundle, "_known", bool)
        data = bundle.encode({**members_of(), bundle.MANIFEST: json.dumps(later).encode(), "app/new": b"x"})
    with pytest.raises(BundleError) as refused:
        bundle.decode(data, "x")
    assert str(refused.value) == "x has format 2, made by a newer edgerec; this one reads format 1: upgrade it"


@pytest.mark.parametrize("member", [bundle.MODEL, bundle.ITEMS])
def test_a_member_that_does_not_have_its_digest_is_refused(member: str) -> None:
    members = members_of()
    members[member] = members[member].swapcase() + b""
    changed = {**members, member: b"x\ny\nz\n"}
    with pytest.raises(BundleError, match=rf"gives another SHA-256 for {member}"):
        bundle.decode(bundle.encode(changed))


@pytest.mark.parametrize("digests", [{}, {**MANIFEST.digests, "app/users.txt": "0" * 64}])
def test_digests_name_exactly_the_members(digests: dict[str, str]) -> None:
    members = members_of()
    members[bundle.MANIFEST] = record.dumps(replace(MANIFEST, digests=digests)).encode()
    with pytest.raises(BundleError, match=r"gives another SHA-256"):
        bundle.decode(bundle.encode(members))


def test_a_manifest_in_another_form_is_refused() -> None:
    members = members_of()
    members[bundle.MANIFEST] = members[bundle.MANIFEST].replace(b":", b": ", 1)
    with pytest.raises(BundleError, match=r"not in the form that edgerec writes"):
        bundle.decode(bundle.encode(members))


@pytest.mark.parametrize("name", [bundle.MODEL, bundle.ITEMS])
def test_a_bundle_without_its_parts_is_refused(name: str) -> None:
    members = members_of()
    del members[name]
    with pytest.raises(BundleError, match=rf"bundle lacks its member {name}"):
        bundle.decode(bundle.encode(members))


def test_a_bundle_without_a_manifest_is_refused() -> None:
    with pytest.raises(BundleError, match=r"it has no app/manifest.json"):
        bundle.decode(bundle.encode({bundle.MODEL: b""}))


@pytest.mark.parametrize(
    ("manifest", "more", "sentence"),
    [
        (MANIFEST, {bundle.USERS: b"u\n"}, "should not have the member app/users.txt"),
        (POINTWISE, {}, "lacks its member app/users.txt"),
        (POINTWISE, {bundle.USERS: b"u\nv\nw\n"}, "has 3 lines in app/users.txt where the model takes 2 users"),
        (POINTWISE, {bundle.USERS: b"u\nu\n"}, "the same id twice in app/users.txt"),
        (MANIFEST, {bundle.ITEMS: b"a\nb\n"}, "has 2 lines in app/items.txt for 3 items"),
        (MANIFEST, {bundle.ITEMS: b"a\nb\na\n"}, "the same id twice in app/items.txt"),
        (MANIFEST, {bundle.ITEMS: b"a\n\nb\n"}, "an empty line or"),
        (MANIFEST, {bundle.ITEMS: b"a\nb\nc"}, "one value a line"),
        (MANIFEST, {bundle.ITEMS: b"a\r\nb\r\nc\r\n"}, "one value a line"),
        (MANIFEST, {bundle.ITEMS: b"a\nb\n\xff\n"}, "is not UTF-8"),
        (MANIFEST, {bundle.TITLES: b"A\n"}, "one line an item in proof/titles.txt"),
        (MANIFEST, {"proof/eval_input_other.npy": b""}, "for an input that its manifest does not name"),
        (POINTWISE, {bundle.USERS: b"u\n", "proof/eval_input_i.npy": b""}, "for an input that its manifest does not"),
        (MANIFEST, {bundle.LINEAGE: b"[]"}, "should be an object"),
        (MANIFEST, {bundle.LINEAGE: b'{"digests":[]}'}, "should be an object"),
        (MANIFEST, {bundle.LINEAGE: b'{"model_sha256":"0"}'}, "is of another model"),
        (MANIFEST, {bundle.LINEAGE: b'{"digests":{"proof/titles.txt":"0"}}'}, "another SHA-256 for proof/titles.txt"),
        (MANIFEST, {bundle.LINEAGE: b'{"digests":{}}', bundle.TITLES: b"\n\n\n"}, "another SHA-256 for proof/titles"),
    ],
)
def test_members_that_do_not_fit_are_refused(manifest: Manifest, more: dict[str, bytes], sentence: str) -> None:
    with pytest.raises(BundleError) as refused:
        bundle.decode(bundle.encode(members_of(manifest, **more)))
    assert sentence in str(refused.value)


def test_a_pointwise_bundle_with_proof_is_read() -> None:
    titles = b"A\n\nB\n"
    digests = {bundle.TITLES: hashlib.sha256(titles).hexdigest()}
    lineage = json.dumps({"digests": digests, "model_sha256": hashlib.sha256(MODEL).hexdigest()}).encode()
    more = {bundle.USERS: b"u\n", bundle.TITLES: titles, bundle.LINEAGE: lineage}
    assert bundle.decode(bundle.encode(members_of(POINTWISE, **more))).manifest.kind == "pointwise"


def test_a_manifest_that_cannot_be_makes_no_bundle() -> None:
    with pytest.raises(BundleError, match=r"^x: manifest: k should be 1 to 3 \(the items\), not 4$"):
        bundle.decode(bundle.encode(members_of(replace(MANIFEST, k=4))), "x")


def test_sizes_are_those_of_what_ships() -> None:
    words = np.random.default_rng(0).choice(["film ", "the ", "of night ", "return ", "1999 "], 4000)
    members = {
        bundle.MODEL: "".join(words).encode(),
        bundle.ITEMS: members_of()[bundle.ITEMS],
        bundle.TITLES: b"A\nB\nC\n",
    }
    members = signed(members, MANIFEST)
    found = bundle.decode(bundle.encode(members))
    assert sorted(found.app) == [bundle.ITEMS, bundle.MANIFEST, bundle.MODEL]
    assert found.app_bytes == sum(len(members[name]) for name in found.app)
    with zipfile.ZipFile(io.BytesIO(zipped(found.app, zipfile.ZIP_DEFLATED))) as archive:
        assert found.download_bytes == sum(entry.compress_size for entry in archive.infolist())


def test_what_is_written_is_read(tmp_path: Path) -> None:
    made = bundle.write(tmp_path / "x.bundle", members_of())
    assert bundle.read(tmp_path / "x.bundle").sha256 == made.sha256
    assert [path.name for path in tmp_path.iterdir()] == ["x.bundle"]


def test_members_that_make_no_bundle_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(BundleError):
        bundle.write(tmp_path / "x.bundle", {bundle.MODEL: b""})
    assert list(tmp_path.iterdir()) == []


def test_who_reads_the_old_bundle_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "x.bundle"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        bundle.write(path, members_of())
        assert reader.read() == b"old"
    assert path.read_bytes() == TINY


def test_ctrl_c_leaves_the_old_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_descriptor: int) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "x.bundle"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        bundle.write(path, members_of())
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["x.bundle"]


@pytest.mark.parametrize("action", [bundle.read, lambda path: bundle.write(path / "x", members_of())])
def test_a_path_that_leads_nowhere_is_one_sentence(tmp_path: Path, action: Callable[[Path], object]) -> None:
    with pytest.raises(BundleError, match=r"^cannot (read|write) [^\n]*No such file or directory"):
        action(tmp_path / "none")


@pytest.mark.parametrize("value", ["a\nb", "a\r"])
def test_a_line_break_is_no_part_of_a_line(value: str) -> None:
    with pytest.raises(BundleError, match=r"holds a line break"):
        bundle.join_lines(("x", value))


def test_more_than_a_bundle_holds_is_refused() -> None:
    many = {f"proof/eval_input_i{index}.npy": b"" for index in range(container.MAX_MEMBERS + 1)}
    with pytest.raises(BundleError, match=r"at most 64 members and 2 GiB"):
        bundle.encode(many)


def test_deflated_bytes_are_those_of_one_raw_deflate_stream() -> None:
    data = bytes(range(256)) * 9000 + b"tail"
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    assert bundle.deflated_bytes(data) == len(packer.compress(data) + packer.flush())
    assert bundle.deflated_bytes(b"") == 2


FEW = replace(MANIFEST, dropped=2)


def test_the_ids_of_what_was_dropped_are_in_the_proof() -> None:
    found = bundle.decode(bundle.encode(members_of(FEW, **{bundle.DROPPED: b"x\ny\n"})))
    assert (found.dropped_ids, found.manifest.catalogue) == (("x", "y"), 5)
    assert bundle.decode(TINY).dropped_ids == ()
    titles = {bundle.DROPPED: b"x\ny\n", bundle.TITLES: b"1\n2\n3\n4\n5\n"}
    assert bundle.decode(bundle.encode(members_of(FEW, **titles))).members[bundle.TITLES] == titles[bundle.TITLES]


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({bundle.DROPPED: b"x\n"}, "has 1 lines in proof/dropped.txt for 2 dropped items"),
        ({bundle.DROPPED: b"x\nx\n"}, "an id twice, in proof/dropped.txt and app/items.txt together"),
        ({bundle.DROPPED: b"x\na\n"}, "an id twice, in proof/dropped.txt and app/items.txt together"),
        ({bundle.DROPPED: b"x\n\n"}, "has an empty line"),
        ({bundle.KEPT: b""}, "has proof/eval_kept.npy and lacks the ids of what was dropped, proof/dropped.txt"),
        ({bundle.TITLES: b"1\n2\n3\n"}, "one line an item in proof/titles.txt, dropped ones among them"),
    ],
)
def test_what_was_dropped_has_to_fit_the_rest(members: dict[str, bytes], sentence: str) -> None:
    with pytest.raises(BundleError, match=sentence):
        bundle.decode(bundle.encode(members_of(FEW, **members)))
