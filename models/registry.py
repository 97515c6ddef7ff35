"""The registry of models: bundles on disk, who is champion, and who decided that when.

    ROOT/PROFILE/BUNDLE/   manifest.json, its seal, trees (UBJ), numbers, expectation, golden rows
    ROOT/PROFILE/aliases.json
    ROOT/PROFILE/history.jsonl

Everything is written under a temporary name and renamed; a bundle is never changed.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, get_args

import msgspec

from contracts.errors import ModelError
from features.expectation import Expectation
from models.bundle import Bundle
from models.manifest import (
    FORMAT,
    MANIFEST,
    Manifest,
    read_files,
    read_manifest,
    stored_file,
    write_manifest,
)
from models.record import TrainingRecord
from models.verify import GOLDEN_FILE, golden, loaded, try_out

Alias = Literal["champion", "challenger", "shadow"]
ALIASES: Final = frozenset(get_args(Alias))
Trial = Literal["challenger", "shadow"]
TRIALS: Final = frozenset(get_args(Trial))
"""Aliases that end without another model taking its place."""
ALIAS_FILE: Final = "aliases.json"
HISTORY_FILE: Final = "history.jsonl"


class Decision(msgspec.Struct, frozen=True):
    """Somebody gave an alias to a bundle ("": took it away). `before` is who had it."""

    time_ms: int
    profile: str
    action: Literal["promote", "roll back", "withdraw"]
    alias: str
    bundle: str
    before: str
    actor: str
    reason: str


class Registry:
    """See the module. Remembers which bundles it has tried, so that each is tried once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._tried: set[str] = set()

    def champion(self, profile: str) -> str | None:
        """The champion's id, or None. Raises ModelError when the aliases can't be read."""
        return self.alias(profile, "champion")

    def shadow(self, profile: str) -> str | None:
        """The shadow's id, or None. Raises ModelError when the aliases can't be read."""
        return self.alias(profile, "shadow")

    def alias(self, profile: str, alias: Alias) -> str | None:
        """The bundle that has this alias, or None. Raises ModelError."""
        return self._aliases(profile).get(alias) or None

    def load(self, bundle_id: str) -> tuple[Bundle, Expectation]:
        """A verified bundle. Raises ModelError for an unknown, damaged or foreign one."""
        bundle = self._load(bundle_id)
        return bundle, bundle.expectation

    def save(self, bundle: Bundle, record: TrainingRecord) -> str:
        """Store a bundle and its trial rows as golden ones; its id. The same bundle again is the
        same one. Raises ModelError when what was written doesn't come back.
        """
        folder = self.root / bundle.profile / bundle.id
        if not (folder / MANIFEST).exists():
            self._write_bundle(folder, bundle, record)
        self._load(bundle.id)
        return bundle.id

    def promote(self, bundle_id: str, alias: Alias, actor: str, reason: str, time_ms: int) -> None:
        """Give an alias to a bundle that loads. Raises ModelError."""
        if alias not in ALIASES:
            raise ModelError(f"no alias {alias!r}; there are {', '.join(sorted(ALIASES))}")
        profile = self._load(bundle_id).profile
        self._decide(profile, "promote", alias, bundle_id, actor, reason, time_ms)

    def roll_back(self, profile: str, actor: str, reason: str, time_ms: int) -> str:
        """Make champion again whom the champion was promoted over; its id. Done again it goes
        further back, not forth. Raises ModelError.
        """
        present = self.champion(profile)
        for decision in reversed(self.history(profile)):
            made = (decision.action, decision.alias, decision.bundle)
            if made == ("promote", "champion", present) and decision.before:
                self._load(decision.before)
                self._decide(
                    profile, "roll back", "champion", decision.before, actor, reason, time_ms
                )
                return decision.before
        raise ModelError(f"profile {profile} has no champion before {present or 'the first one'}")

    def withdraw(self, profile: str, alias: Trial, actor: str, reason: str, time_ms: int) -> str:
        """Take an alias away; who had it. Raises ModelError where nobody had, and for the
        champion, without whom nothing would be scored.
        """
        if alias not in TRIALS:
            raise ModelError(
                f"{alias} can't be withdrawn, {' or '.join(sorted(TRIALS))} can; promote another "
                "champion or roll back"
            )
        present = self.alias(profile, alias)
        if present is None:
            raise ModelError(f"profile {profile} has no {alias}")
        self._decide(profile, "withdraw", alias, "", actor, reason, time_ms)
        return present

    def list(self, profile: str = "") -> list[Manifest]:
        """Manifests of all bundles that can be read, oldest training first."""
        return [*self.survey(profile)[0]]

    def survey(self, profile: str = "") -> tuple[Sequence[Manifest], Mapping[tuple[str, str], str]]:
        """What `list` gives, and by (profile, folder) why the rest is left out."""
        found: list[Manifest] = []
        left_out: dict[tuple[str, str], str] = {}
        for folder in self._folders(profile):
            try:
                found.append(read_manifest(folder))
            except ModelError as error:
                left_out[folder.parent.name, folder.name] = str(error)
        found.sort(key=lambda one: (one.profile, one.record.trained_ms, one.id))
        return found, left_out

    def damaged(self, profile: str = "") -> Mapping[tuple[str, str], str]:
        """Why bundles, by (profile, id), are not what was written; those that are intact are left
        out. This reads every file.
        """
        found = {}
        for folder in self._folders(profile):
            try:
                read_files(folder, read_manifest(folder))
            except ModelError as error:
                found[folder.parent.name, folder.name] = str(error)
        return found

    def manifest(self, bundle_id: str) -> Manifest:
        """The manifest of a bundle. Raises ModelError."""
        return read_manifest(self._folder(bundle_id))

    def history(self, profile: str) -> Sequence[Decision]:
        """All decisions about a profile's aliases, oldest first. Raises ModelError."""
        if not _is_name(profile):
            return []
        try:
            lines = (self.root / profile / HISTORY_FILE).read_bytes().splitlines()
            return [msgspec.json.decode(line, type=Decision) for line in lines]
        except FileNotFoundError:
            return []
        except (OSError, msgspec.DecodeError) as error:
            raise ModelError(f"the decisions about {profile} can't be read ({error})") from error

    def _load(self, bundle_id: str) -> Bundle:
        folder = self._folder(bundle_id)
        manifest = read_manifest(folder)
        files = read_files(folder, manifest)
        seal = stored_file(MANIFEST, msgspec.json.encode(manifest)).sha256
        if seal not in self._tried:
            try_out(folder)
            self._tried.add(seal)
        bundle = loaded(files)
        if bundle.id != bundle_id or bundle.profile != manifest.profile:
            raise ModelError(f"model {bundle_id} holds another one, {bundle.id}; train it again")
        return bundle

    def _folders(self, profile: str) -> Iterator[Path]:
        """Of all bundles; what is hidden is still being written."""
        for folder in sorted(self.root.glob(f"{profile or '*'}/*")):
            if folder.is_dir() and not folder.name.startswith("."):
                yield folder

    def _folder(self, bundle_id: str) -> Path:
        profile, _, digest = bundle_id.rpartition("-")
        folder = self.root / profile / bundle_id
        named = _is_name(profile) and digest.isalnum()
        if not named or not (folder / MANIFEST).is_file():
            raise ModelError(f"there is no model {bundle_id!r}; `telltale models list` shows all")
        return folder

    def _aliases(self, profile: str) -> dict[str, str]:
        if not _is_name(profile):
            return {}
        path = self.root / profile / ALIAS_FILE
        try:
            return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            raise ModelError(f"{path} can't be read ({error}); promote a model again") from error

    def _decide(
        self,
        profile: str,
        action: Any,  # noqa: ANN401 (a literal)
        alias: str,
        bundle_id: str,
        actor: str,
        reason: str,
        time_ms: int,
    ) -> None:
        aliases = self._aliases(profile)
        before = aliases.get(alias, "")
        decision = Decision(time_ms, profile, action, alias, bundle_id, before, actor, reason)
        folder = self.root / profile
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / HISTORY_FILE).open("ab") as log:
            log.write(msgspec.json.encode(decision) + b"\n")
            log.flush()
            os.fsync(log.fileno())
        aliases[alias] = bundle_id
        _replace(folder / ALIAS_FILE, msgspec.json.format(msgspec.json.encode(aliases), indent=1))

    def _write_bundle(self, folder: Path, bundle: Bundle, record: TrainingRecord) -> None:
        files = {**bundle.files, GOLDEN_FILE: golden(bundle)}
        files |= write_manifest(_manifest(bundle, record, files))
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
        try:
            for name, payload in files.items():
                _write(draft / name, payload)
            if folder.exists():
                shutil.rmtree(folder)
            draft.rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _is_name(profile: str) -> bool:
    """Whether this can be a profile's folder: no way to another place."""
    return profile.isprintable() and profile not in {"", ".."} and Path(profile).name == profile


def _manifest(bundle: Bundle, record: TrainingRecord, files: Mapping[str, bytes]) -> Manifest:
    return Manifest(
        FORMAT,
        bundle.id,
        bundle.profile,
        record.profile_version,
        bundle.expectation.id,
        list(bundle.feature_names),
        [stored_file(name, payload) for name, payload in sorted(files.items())],
        record,
    )


def _write(path: Path, payload: bytes) -> None:
    with path.open("wb") as file:
        file.write(payload)
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, payload: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    _write(draft, payload)
    draft.replace(path)
