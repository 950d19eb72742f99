"""The bundle: one zip of stored members in one exact form, `app/` for what ships and `proof/` for what proves it."""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Union

from device_tests import manifest as manifest_format
from device_tests import record
from device_tests.container import MAX_BYTES, MAX_MEMBERS, members_of, pieces, refuse_other_bytes
from device_tests.errors import BundleError
from device_tests.files import read_whole, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from device_tests.manifest import Manifest

MANIFEST = "app/manifest.json"
MODEL = "app/model.tflite"
ITEMS = "app/items.txt"
USERS = "app/users.txt"
TITLES = "proof/titles.txt"
DROPPED = "proof/dropped.txt"
KEPT = "proof/eval_kept.npy"
LINEAGE = "proof/lineage.json"

_PROOF = (
    TITLES,
    DROPPED,
    LINEAGE,
    "proof/eval_seen_offsets.npy",
    "proof/eval_seen_values.npy",
    "proof/eval_relevant_offsets.npy",
    "proof/eval_relevant_values.npy",
    "proof/eval_popularity.npy",
    "proof/eval_negatives.npy",
    KEPT,
    "proof/golden_users.npy",
    "proof/golden_float_top.npy",
    "proof/golden_decoded_scores.npy",
    "proof/baseline_ranks.npy",
    "proof/baseline_candidate_ranks.npy",
    "proof/baseline_recommended_items.npy",
)
_FIXED = frozenset((MANIFEST, MODEL, ITEMS, USERS, *_PROOF))
_EVAL_INPUT = re.compile(r"proof/eval_input_([A-Za-z0-9_.]{1,64})\.npy")


@dataclass(frozen=True)
class Bundle:
    """A bundle that was read whole: its manifest, its members' bytes by name, and the SHA-256 of the container."""

    manifest: Manifest
    members: Mapping[str, bytes]
    sha256: str

    @property
    def model(self) -> bytes:
        """The .tflite file."""
        return self.members[MODEL]

    @property
    def app(self) -> dict[str, bytes]:
        """The members that ship inside an app."""
        return {name: data for name, data in self.members.items() if name.startswith("app/")}

    @property
    def app_bytes(self) -> int:
        """Bytes on disk of what ships."""
        return sum(map(len, self.app.values()))

    @property
    def download_bytes(self) -> int:
        """Bytes of what ships as a store sends it: each member in raw deflate, level 6, as in an APK."""
        return sum(deflated_bytes(data) for data in self.app.values())

    @property
    def item_ids(self) -> tuple[str, ...]:
        """The vocabulary: item i of the model is line i."""
        return split_lines(self.members[ITEMS], ITEMS)

    @property
    def dropped_ids(self) -> tuple[str, ...]:
        """The ids of items that are in no list, in the order of the catalogue; none where the proof does not say."""
        return split_lines(self.members.get(DROPPED, b""), DROPPED)


def encode(members: Mapping[str, bytes]) -> bytes:
    """Return the one container of these members; BundleError for an unknown name or more than 2 GiB."""
    for name in members:
        if not _known(name):
            raise BundleError(f"a bundle has no member called {name[:80]!r}")
    if len(members) > MAX_MEMBERS or sum(map(len, members.values())) > MAX_BYTES - (1 << 20):
        raise BundleError(
            f"a bundle holds at most {MAX_MEMBERS} members and 2 GiB; make the model or its tables smaller"
        )
    return b"".join(pieces(members))


def decode(data: bytes, name: str = "bundle") -> Bundle:
    """Return the bundle of a container, every digest checked.

    Raises BundleError for any byte string but the one that `encode` gives for the members found in it, for a manifest
    that is not valid or was made by a newer edgerec, and for members that do not fit the manifest.
    """
    if not isinstance(data, bytes):
        raise TypeError(f"a bundle is bytes, not {type(data).__name__}")
    members = members_of(data, name)
    if MANIFEST not in members:
        raise BundleError(f"{name} is not a bundle: it has no {MANIFEST}")
    manifest = manifest_format.loads(members[MANIFEST], name, MANIFEST)
    for member in members:
        if not _known(member):
            raise BundleError(f"{name} has an unknown member {member[:80]!r}")
    refuse_other_bytes(data, members, name)
    _check_members(manifest, members, name)
    return Bundle(manifest, MappingProxyType(members), hashlib.sha256(data).hexdigest())


def read(path: Union[str, Path]) -> Bundle:
    """Return the bundle in a file; BundleError when it cannot be read or is not a whole bundle."""
    return decode(read_whole(path, BundleError), Path(path).name)


def write(path: Union[str, Path], members: Mapping[str, bytes]) -> Bundle:
    """Write a bundle, whole or not at all, and return it; BundleError when the members make no valid bundle."""
    data = encode(members)
    bundle = decode(data, Path(path).name)
    write_whole(path, data, BundleError)
    return bundle


def deflated_bytes(data: Union[bytes, memoryview]) -> int:
    """Return the length of the data as a raw deflate stream of level 6, without keeping the stream."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    step = 1 << 20
    return sum(len(packer.compress(data[at : at + step])) for at in range(0, len(data), step)) + len(packer.flush())


def digests(members: Mapping[str, bytes]) -> dict[str, str]:
    """Return what a manifest's `digests` says of these members: SHA-256 of those of app/, the manifest left out."""
    app = {name: data for name, data in members.items() if name.startswith("app/") and name != MANIFEST}
    return {name: hashlib.sha256(data).hexdigest() for name, data in sorted(app.items())}


def join_lines(values: tuple[str, ...]) -> bytes:
    """Return one value a line, each with its newline, as UTF-8; BundleError when a value holds a newline."""
    for value in values:
        if "\n" in value or "\r" in value:
            raise BundleError(f"{value[:60]!r} holds a line break, so it cannot be a line of a bundle")
    return "".join(f"{value}\n" for value in values).encode()


def split_lines(data: bytes, where: str) -> tuple[str, ...]:
    """Return the values that `join_lines` was given; BundleError when it did not make these bytes."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise BundleError(f"{where} is not UTF-8") from None
    if (text and not text.endswith("\n")) or "\r" in text:
        raise BundleError(f"{where} should hold one value a line, each ended by a newline")
    return tuple(text.split("\n")[:-1])


def _known(name: str) -> bool:
    return name in _FIXED or _EVAL_INPUT.fullmatch(name) is not None


def _check_members(manifest: Manifest, members: Mapping[str, bytes], name: str) -> None:
    has_users = any(each.role == "user" for each in manifest.inputs)
    wanted = {MANIFEST, MODEL, ITEMS} | ({USERS} if has_users else set())
    for member in sorted(wanted ^ {each for each in members if each.startswith("app/")}):
        problem = "lacks its member" if member in wanted else "should not have the member"
        raise BundleError(f"{name} {problem} {member}")
    _check_digests(manifest.digests, digests(members), f"{name}: its manifest")
    _check_vocabulary(manifest, members, name)
    _check_proof(manifest, members, name)


def _check_digests(said: Mapping[str, str], found: Mapping[str, str], where: str) -> None:
    for member in sorted(said.keys() | found.keys()):
        if said.get(member) != found.get(member):
            raise BundleError(f"{where} gives another SHA-256 for {member[:80]} than the bytes have")


def _check_vocabulary(manifest: Manifest, members: Mapping[str, bytes], name: str) -> None:
    items = split_lines(members[ITEMS], f"{name}: {ITEMS}")
    if len(items) != manifest.items:
        raise BundleError(f"{name} has {len(items)} lines in {ITEMS} for {manifest.items} items")
    limits = [each.ids for each in manifest.inputs if each.role == "user"]
    users = split_lines(members.get(USERS, b""), f"{name}: {USERS}")
    if len(users) > min(limits, default=0):
        raise BundleError(f"{name} has {len(users)} lines in {USERS} where the model takes {min(limits)} users")
    for member, ids in ((ITEMS, items), (USERS, users)):
        if len(set(ids)) != len(ids) or "" in ids:
            raise BundleError(f"{name} has an empty line or the same id twice in {member}")


def _check_dropped(manifest: Manifest, members: Mapping[str, bytes], name: str) -> None:
    if DROPPED not in members:
        if KEPT in members:
            raise BundleError(f"{name} has {KEPT} and lacks the ids of what was dropped, {DROPPED}")
        return
    dropped = split_lines(members[DROPPED], f"{name}: {DROPPED}")
    if len(dropped) != manifest.dropped:
        raise BundleError(f"{name} has {len(dropped)} lines in {DROPPED} for {manifest.dropped} dropped items")
    if len({*dropped, *split_lines(members[ITEMS], f"{name}: {ITEMS}")}) != manifest.catalogue or "" in dropped:
        raise BundleError(f"{name} has an empty line, or an id twice, in {DROPPED} and {ITEMS} together")


def _check_proof(manifest: Manifest, members: Mapping[str, bytes], name: str) -> None:
    inputs = {each.name for each in manifest.inputs if each.role != "item"}
    for member in members:
        match = _EVAL_INPUT.fullmatch(member)
        if match and match.group(1) not in inputs:
            raise BundleError(f"{name} has {member} for an input that its manifest does not name")
    if TITLES in members and len(split_lines(members[TITLES], f"{name}: {TITLES}")) != manifest.catalogue:
        raise BundleError(f"{name} should have one line an item in {TITLES}, dropped ones among them")
    _check_dropped(manifest, members, name)
    if LINEAGE not in members:
        return
    lineage = record.parse(members[LINEAGE], f"{name}: {LINEAGE}", BundleError)
    if not isinstance(lineage, dict):
        raise BundleError(f"{name}: {LINEAGE} should be an object")
    said = lineage.get("digests", {})
    proof = {each: data for each, data in members.items() if each.startswith("proof/") and each != LINEAGE}
    if not isinstance(said, dict):
        raise BundleError(f"{name}: the digests in {LINEAGE} should be an object")
    if "digests" in lineage:
        found = {each: hashlib.sha256(data).hexdigest() for each, data in proof.items()}
        _check_digests(said, found, f"{name}: {LINEAGE}")
    if lineage.get("model_sha256", manifest.digests[MODEL]) != manifest.digests[MODEL]:
        raise BundleError(f"{name}: {LINEAGE} is of another model")
