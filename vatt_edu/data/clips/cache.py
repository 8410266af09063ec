"""The decoded cache: at toy size decoding costs more than the model, so it is done once.

``SOURCE/cache/<key>/`` (or below ``$VATT_CACHE``), one folder for each frame size, frame rate and sample rate. In it,
for every media file, ``<name>.frames`` (uint8, frames × height × width × 3) and ``<name>.pcm`` (int16), read through
memory maps, and one line of ``index.jsonl``, appended when both are complete: an interrupted build goes on where it
stopped. A file whose size or time has changed is decoded again. A damaged file has a line too, with the reason.
"""

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from vatt_edu.config import ClipSpec
from vatt_edu.data.clips.reader import FileReader, Track
from vatt_edu.data.media.info import Frames, MediaError, Pcm, probe_media
from vatt_edu.data.sources.source import Source, Video
from vatt_edu.data.workers import run_all
from vatt_edu.errors import UserError, disk_full
from vatt_edu.files import atomic
from vatt_edu.locks import locked
from vatt_edu.system import cores

FORMAT = 1
FRAMES_AT_ONCE = 1024  # frames decoded at once
REFUSED_ERRORS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EFBIG)
PLACE = "VATT_CACHE"  # environment variable: a folder for the caches of all sources, instead of one in each
MAX_FILES_IN_PROCESS = 8  # so many files are decoded in this process: starting others takes longer


@dataclass(frozen=True)
class Entry:
    """A line of the index.

    Attributes:
        file: Path below the source.
        size: Bytes of the file when it was decoded.
        time: When it was last modified then, nanoseconds.
        name: Of its two data files, without suffix.
        height: Pixels of its frames.
        width: Pixels of its frames.
        track: What it has on the grid; None where it cannot be opened.
        damaged: Why it cannot be decoded; empty if it can.
    """

    file: str
    size: int
    time: int
    name: str
    height: int = 0
    width: int = 0
    track: Track | None = None
    damaged: str = ""


class NoCacheError(UserError):
    """The cache cannot be written, or there is no room for it (``why``); the files can still be read."""

    def __init__(self, why: str, remedy: str) -> None:
        self.why = why
        super().__init__(f"{why}{remedy}")


class CachedReader:
    """Reads from the cache. See ``open_cache``."""

    def __init__(self, folder: Path, spec: ClipSpec, entries: dict[str, Entry]) -> None:
        self._folder, self._entries = str(folder), entries
        self._files = FileReader(spec)

    def _entry(self, path: Path) -> Entry:
        entry = self._entries[os.fspath(path)]
        if entry.damaged and entry.track is None:
            raise MediaError(path, entry.damaged)
        return entry

    def track(self, path: Path) -> Track:
        """What the file has on the grid."""
        track = self._entry(path).track
        assert track is not None
        return track

    def frames(self, path: Path, first: int, count: int) -> Frames:
        """Frames ``first`` to ``first + count - 1`` of the grid."""
        entry = self._entry(path)
        if entry.damaged:  # it opens, and some of its windows may be good: as without a cache
            return self._files.frames(path, first, count)
        shape = (count, entry.height, entry.width, 3)
        offset = first * entry.height * entry.width * 3
        return np.memmap(f"{self._folder}/{entry.name}.frames", np.uint8, "r", offset, shape)

    def pcm(self, path: Path, first: int, count: int) -> Pcm:
        """Samples ``first`` to ``first + count - 1`` of the grid."""
        entry = self._entry(path)
        if entry.damaged:
            return self._files.pcm(path, first, count)
        return np.memmap(f"{self._folder}/{entry.name}.pcm", "<i2", "r", 2 * first, (count,))

    @property
    def damaged(self) -> list[tuple[str, str]]:
        """Files that cannot be decoded from beginning to end, and why."""
        return [(entry.file, entry.damaged) for entry in self._entries.values() if entry.damaged]

    @property
    def unusable(self) -> list[str]:
        """Those of them that cannot even be opened, and why; of the others some windows may be good."""
        return [f"{e.file} ({e.damaged})" for e in self._entries.values() if e.damaged and e.track is None]


def open_cache(
    source: Source, videos: Iterable[Video], spec: ClipSpec, quiet: bool = False, processes: int | None = None
) -> CachedReader:
    """The cache of ``source`` for these videos; what is not in it yet is decoded first.

    Args:
        source: Whose cache.
        videos: Some of its videos.
        spec: Sizes and rates.
        quiet: No progress bar.
        processes: That decode; 0 in this process; None: as many as there are cores if there is enough to do.

    Raises:
        NoCacheError: If the cache cannot be written, or the disk is full.
    """
    folder = cache_folder(source) / key(spec)
    paths = {_below(source.root, video.path): video.path for video in videos}
    entries = _valid(folder, paths)
    if len(entries) < len(paths):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with locked(folder / ".lock"):
                entries = _valid(folder, paths)  # another process may have made it meanwhile
                todo = {file: path for file, path in paths.items() if file not in entries}
                for entry in _build(folder, todo, spec, f"decode {source.name}", quiet, processes):
                    entries[entry.file] = entry
        except OSError as error:
            if disk_full(error):
                raise NoCacheError(
                    f"the disk is full: no room for the decoded cache {folder}",
                    "; what is decoded stays. Free some space and run the same command again, or use --no-cache",
                ) from None
            if error.errno not in REFUSED_ERRORS:
                raise
            why = f"cannot write the decoded cache {folder} ({error.strerror})"
            remedy = f": set {PLACE} to a folder that you may write to, or train with --no-cache"
            raise NoCacheError(why, remedy) from None
    return CachedReader(folder, spec, {os.fspath(path): entries[file] for file, path in paths.items()})


def cache_folder(source: Source) -> Path:
    """Where the caches of a source lie: in it, or in a folder of its own below ``$VATT_CACHE``."""
    place = os.environ.get(PLACE)
    if not place:
        return source.root / "cache"
    root = os.fsencode(source.root.resolve())
    return Path(place, f"{source.root.resolve().name}-{hashlib.blake2b(root, digest_size=6).hexdigest()}")


def key(spec: ClipSpec) -> str:
    """The folder name for these sizes and rates."""
    return f"v{FORMAT}-{spec.short_side}px-{spec.fps:g}fps-{spec.sample_rate}hz"


def _below(root: Path, path: Path) -> str:
    return os.path.relpath(path, root)


def _valid(folder: Path, paths: dict[str, Path]) -> dict[str, Entry]:
    """Entries of the index whose files have not changed, and whose data is there."""
    index = folder / "index.jsonl"
    if not index.exists():
        return {}
    entries = {}
    for line in index.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError, TypeError):  # the line at which a build was interrupted
            row = json.loads(line)
            track = row["track"] and Track(**row["track"] | {"remarks": tuple(row["track"].get("remarks", ()))})
            entry = Entry(**row | {"track": track})
            if entry.file in paths and _fresh(entry, folder, paths[entry.file]):
                entries[entry.file] = entry
    return entries


def _fresh(entry: Entry, folder: Path, path: Path) -> bool:
    if _stamp(path) != (entry.size, entry.time):
        return False
    if entry.damaged or entry.track is None:
        return True
    frames = entry.track.frames * entry.height * entry.width * 3
    return _size(folder / f"{entry.name}.frames") == frames and (
        not entry.track.has_audio or _size(folder / f"{entry.name}.pcm") == 2 * entry.track.samples
    )


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = os.stat(path)
    except OSError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _build(
    folder: Path, todo: dict[str, Path], spec: ClipSpec, title: str, quiet: bool, processes: int | None
) -> Iterator[Entry]:
    """Decode files and append them to the index as they are done."""
    for left in folder.glob(".*.*.*"):  # of a build that was killed: there is one builder at a time
        left.unlink(missing_ok=True)
    jobs = [(folder, file, path, spec) for file, path in todo.items()]
    if processes is None:
        processes = 0 if len(jobs) <= MAX_FILES_IN_PROCESS else cores()
    with open(folder / "index.jsonl", "a", encoding="utf-8") as index:
        if index.tell():
            index.write("\n")  # ends a line that was interrupted
        for job, entry in run_all(decode_file, jobs, processes, title, quiet):
            if isinstance(entry, str):  # the process that decoded it died
                entry = Entry(job[1], *_stamp(job[2]), "", damaged=entry)
            row = asdict(entry)
            if entry.track and not entry.track.remarks:
                del row["track"]["remarks"]  # as before there were any
            index.write(json.dumps(row) + "\n")
            index.flush()
            yield entry


def decode_file(job: tuple[Path, str, Path, ClipSpec]) -> Entry:
    """Write one file's frames and samples; the entry says how it went."""
    folder, file, path, spec = job
    size, time = _stamp(path)
    name = hashlib.blake2b(os.fsencode(f"{file}\n{size}\n{time}"), digest_size=12).hexdigest()
    try:
        track = Track.of(probe_media(path), spec)
    except MediaError as error:
        return Entry(file, size, time, name, damaged=error.reason)
    reader = FileReader(spec)
    try:
        height, width = _write_frames(folder / f"{name}.frames", reader, path, track) if track.has_video else (0, 0)
        if track.has_audio:
            write_blocks(folder / f"{name}.pcm", [reader.pcm(path, 0, track.samples).astype("<i2")])
    except MediaError as error:
        return Entry(file, size, time, name, track=track, damaged=error.reason)
    return Entry(file, size, time, name, height, width, track)


def _write_frames(target: Path, reader: FileReader, path: Path, track: Track) -> tuple[int, int]:
    blocks = (
        reader.frames(path, k, min(FRAMES_AT_ONCE, track.frames - k)) for k in range(0, track.frames, FRAMES_AT_ONCE)
    )
    shape = write_blocks(target, blocks)
    return shape[1], shape[2]


def write_blocks(target: Path, blocks: Iterable[Frames] | Sequence[Pcm]) -> tuple[int, ...]:
    """Write arrays one after the other, atomically; returns the shape of the last."""
    shape: tuple[int, ...] = ()
    with atomic(target, sync=False) as partial, open(partial, "wb") as file:
        for block in blocks:
            file.write(np.ascontiguousarray(block).data)
            shape = block.shape
    return shape
