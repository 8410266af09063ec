"""From sources to batches.

``ClipStream`` is a function of the step: ``stream.batch(7)`` is the same batch whoever asks, in whatever order, from
the decoded cache or from the files. ``batches`` reads it ahead, in a thread or in processes.
"""

from collections.abc import Iterator, Sequence

from vatt_edu.batch import Batch
from vatt_edu.config import Config
from vatt_edu.data.clips.cache import CachedReader, open_cache
from vatt_edu.data.clips.reader import FileReader, Reader, read_window, usable_range, window_frames
from vatt_edu.data.clips.transforms import sound_gain, train_clip, train_frames
from vatt_edu.data.loader.collate import BatchBuilder, CaptionEncoder, PackedBatch, PackedBuilder, zero_fill
from vatt_edu.data.loader.prefetch import Skip
from vatt_edu.data.loader.sampler import Pool, Sampler, Slot, generator, window_start
from vatt_edu.data.loader.windows import Window
from vatt_edu.data.media.info import MediaError, keeping_open
from vatt_edu.data.sources.source import Source, Video
from vatt_edu.data.text.captions import Line, nearest_lines
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.errors import UserError

POOLS: tuple[Pool, Pool] = ("narrated", "text_free")
MAX_REPLACEMENTS = 1000  # tried for one clip
MAX_CHECKED_VIDEOS = 500  # that are opened beforehand, where there is no cache


class ClipStream:
    """The seeded stream of training batches; ``ClipStream.open`` makes one."""

    def __init__(
        self, sources: Sequence[tuple[Source, float]], config: Config, vocab: Vocabulary, readers: Sequence[Reader]
    ) -> None:
        """The stream of sources that are open already.

        Args:
            sources: Corpora with their weights, from ``open_sources``.
            config: Sizes and rates (``config.clip``), batches and augmentation (``config.data``), the seed.
            vocab: Words.
            readers: One for each source.

        Raises:
            UserError: If no source has a training video.
        """
        self._spec, self._data, self._seed = config.clip, config.data, config.seed
        self._videos: dict[Pool, list[list[Video]]] = {pool: [] for pool in POOLS}
        for source, _ in sources:
            training = [video for video in source.videos if video.split == "train"]
            self._videos["narrated"].append([video for video in training if video.lines])
            self._videos["text_free"].append([video for video in training if not video.lines])
        self._sampler = Sampler(
            narrated=tuple(map(len, self._videos["narrated"])),
            text_free=tuple(map(len, self._videos["text_free"])),
            weights=tuple(weight for _, weight in sources),
            data=config.data,
            seed=config.seed,
        )
        if not sum(self._sampler.narrated) + sum(self._sampler.text_free):
            names = ", ".join(str(source.root) for source, _ in sources)
            raise UserError(f"no training video in {names}: only the split train is trained on")
        self._readers = list(readers)
        self._captions = CaptionEncoder(vocab, self._spec.words)
        self._notes: list[str] = []

    @classmethod
    def open(
        cls,
        sources: Sequence[tuple[Source, float]],
        config: Config,
        vocab: Vocabulary,
        cache: bool = True,
        quiet: bool = False,
    ) -> "ClipStream":
        """Opens the training split of ``sources``; with ``cache``, decodes what is not yet in their caches.

        Args:
            sources: Corpora with their weights, from ``open_sources``.
            config: The run.
            vocab: Words.
            cache: Read from ``SOURCE/cache`` (made where missing); False decodes every clip when it is needed.
            quiet: No progress bar while the cache is made.

        Raises:
            UserError: If no source has a training video, or none of them can be decoded.
        """
        spec = config.clip
        stream = cls(sources, config, vocab, [FileReader(spec) for _ in sources])
        if cache:
            stream._readers = [
                open_cache(source, stream._training(number), spec, quiet) for number, (source, _) in enumerate(sources)
            ]
        stream._notes = stream._check_sources([source for source, _ in sources])
        return stream

    def _training(self, number: int) -> list[Video]:
        return [video for pool in POOLS for video in self._videos[pool][number]]

    @property
    def notes(self) -> list[str]:
        """What the user should know, one line each: files missing or damaged, captions beyond the end."""
        return list(self._notes)

    def look(self) -> tuple[int, list[tuple[Reader, Video]]]:
        """How many training videos there are, and those to look at: all, or a sample where many would be opened."""
        videos = [(reader, video) for number, reader in enumerate(self._readers) for video in self._training(number)]
        to_open = sum(isinstance(reader, FileReader) for reader, _ in videos)
        if to_open <= MAX_CHECKED_VIDEOS:
            return len(videos), videos
        chosen = sorted(generator(0, "look").permutation(len(videos))[:MAX_CHECKED_VIDEOS])
        return len(videos), [videos[number] for number in chosen]

    def check_decodable(self) -> None:
        """Reads one clip.

        Raises:
            UserError: If nothing can be decoded.
        """
        self._fill_row(BatchBuilder(1, self._spec, self._spec.candidates), 0, self._sampler.plan(0)[0])

    def _check_sources(self, sources: Sequence[Source]) -> list[str]:
        notes: list[str] = []
        unusable: list[str] = []
        for number, (source, reader) in enumerate(zip(sources, self._readers, strict=True)):
            if source.missing:
                notes.append(f"{source.root}: {source.missing} listed videos are not there")
            damaged = reader.damaged if isinstance(reader, CachedReader) else []
            if damaged:
                names = "; ".join(f"{file} ({reason})" for file, reason in damaged[:10])
                notes.append(f"{source.root}: {len(damaged)} files cannot be decoded from beginning to end: {names}")
            unusable += reader.unusable if isinstance(reader, CachedReader) else []
            notes += self._check_captions(source, reader, self._videos["narrated"][number]) + source.notes
        if unusable and len(unusable) == sum(len({v.path for v in self._training(n)}) for n in range(len(sources))):
            raise UserError(f"none of the training videos can be decoded: {'; '.join(unusable[:10])}")
        return notes

    def _check_captions(self, source: Source, reader: Reader, videos: Sequence[Video]) -> list[str]:
        """Count captions that begin after the end of their video; all of them, or all unreadable, is a mistake."""
        if source.unreadable and not any(video.lines or video.captions for video in source.videos):
            first = f"{source.root}/{source.unreadable[0].line}"
            raise UserError(f"no captions can be read, {len(source.unreadable)} files are there: {first}")
        if isinstance(reader, FileReader) and len(videos) > MAX_CHECKED_VIDEOS:
            return []
        late, good, example = 0, 0, ""
        for video in videos:
            try:
                end = reader.track(video.path).duration
            except MediaError:
                continue
            beyond = [line for line in video.lines if line.start >= end]
            late, good = late + len(beyond), good + len(video.lines) - len(beyond)
            if beyond and not example:
                example = f"{video.id} ends at {end:.1f} s, a caption begins at {beyond[0].start:.1f} s"
        if not late:
            return []
        if not good:
            raise UserError(f"{source.root}: all captions lie beyond the end of their videos ({example}); give seconds")
        return [f"{source.root}: {late} captions beyond the end of their video are left out ({example})"]

    def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[Batch, list[Skip]]:
        """The batch of ``step``: all of it, or the contiguous share of one of ``world`` processes.

        Raises:
            UserError: If nothing usable is left, or the batch size is not a multiple of ``world``.
        """
        builder = BatchBuilder(self._share(world), self._spec, self._spec.candidates)
        skips = self._fill(builder, step, rank, world)
        return builder.batch(), skips

    def packed(self) -> "PackedStream":
        """The same clips, with their sound in 16 bits."""
        return PackedStream(self)

    def packed_batch(self, step: int, rank: int, world: int) -> tuple[PackedBatch, list[Skip]]:
        """``batch``, its sound as 16-bit samples that become the same floats on the device.

        Raises:
            UserError: As ``batch`` does.
        """
        builder = PackedBuilder(self._share(world), self._spec, self._spec.candidates)
        skips = self._fill(builder, step, rank, world)
        return builder.packed_batch(), skips

    def _share(self, world: int) -> int:
        size = self._data.batch_size
        if size % world:
            raise UserError(f"a batch of {size} clips cannot be shared by {world} processes")
        return size // world

    def _fill(self, builder: BatchBuilder, step: int, rank: int, world: int) -> list[Skip]:
        size = self._share(world)
        slots = self._sampler.plan(step)[rank * size : (rank + 1) * size]
        skips: list[Skip] = []
        with keeping_open():
            for row, slot in reversed([*enumerate(slots)]):  # a video's last window: its sound is decoded up to there
                skips = self._fill_row(builder, row, slot) + skips
        return skips

    def _fill_row(self, builder: BatchBuilder, row: int, slot: Slot) -> list[Skip]:
        """Read the clip of ``slot``, or a replacement, into its row."""
        skips: list[Skip] = []
        for attempt, (reader, video) in enumerate(self._replacements(slot)):
            try:
                self._load_clip(builder, row, slot, attempt, reader, video)
                return skips
            except MediaError as error:
                skips.append(Skip(error.path, error.reason, slot.index))
        paths = {skip.path: skip.reason for skip in skips}
        names = "; ".join(f"{path} ({reason})" for path, reason in list(paths.items())[:10])
        raise UserError(f"no usable video left: all of the {len(paths)} that were tried cannot be decoded: {names}")

    def _replacements(self, slot: Slot) -> Iterator[tuple[Reader, Video]]:
        """The slot's video; then, in an order that belongs to the slot, the rest of its pool and the other pool."""
        yield self._readers[slot.source], self._videos[slot.pool][slot.source][slot.position]
        random = generator(self._seed, "replacement", slot.index)
        for pool in (slot.pool, *(other for other in POOLS if other != slot.pool)):
            videos = [
                (reader, video)
                for reader, pool_videos in zip(self._readers, self._videos[pool], strict=True)
                for video in pool_videos
            ]
            for number in random.permutation(len(videos))[:MAX_REPLACEMENTS]:
                yield videos[number]

    def _load_clip(
        self, builder: BatchBuilder, row: int, slot: Slot, attempt: int, reader: Reader, video: Video
    ) -> None:
        spec = self._spec
        random = generator(self._seed, "clip", slot.index, attempt)
        first = self._first_frame(slot, attempt, reader, video, random.random())
        frames, pcm = read_window(reader, video.path, first, spec)
        if isinstance(builder, PackedBuilder):
            picture = train_frames(zero_fill(frames, None, spec)[0], spec, self._data.augment, random)
            builder.set_clip(row, slot.index, None if frames is None else picture)
            builder.set_pcm(row, pcm, sound_gain(self._data.augment, random))
        else:
            picture, sound = train_clip(*zero_fill(frames, pcm, spec), spec, self._data.augment, random)
            builder.set_clip(row, slot.index, None if frames is None else picture, None if pcm is None else sound)
        lines = self._candidate_lines(reader, video, first)
        if lines:
            builder.set_captions(row, lines, self._captions)

    def _first_frame(self, slot: Slot, attempt: int, reader: Reader, video: Video, uniform: float) -> int:
        """The grid frame that a clip starts with."""
        begin, available = usable_range(video, reader.track(video.path), self._spec)
        part, parts = (slot.part, slot.parts) if attempt == 0 else (0, 1)
        return begin + window_start(available, window_frames(self._spec), part, parts, uniform)

    def _candidate_lines(self, reader: Reader, video: Video, first: int) -> list[Line]:
        """The candidate lines of a clip; empty where there are none."""
        spec, end = self._spec, reader.track(video.path).duration
        lines = [line for line in video.lines if line.start < end]
        return nearest_lines(lines, first / spec.fps + spec.seconds / 2, spec.candidates) if lines else []

    def windows(self, step: int) -> list[Window]:
        """The clips of a batch, without reading any: what ``batch`` holds if no file is damaged.

        Raises:
            MediaError: If a file cannot be opened.
        """
        return [Window(video, first / self._spec.fps) for _, video, first in map(self._clip, self._sampler.plan(step))]

    def lines(self, step: int) -> list[list[Line]]:
        """The candidate lines of each clip of a batch, as ``windows``; none of a file that cannot be opened."""
        lines: list[list[Line]] = []
        for slot in self._sampler.plan(step):
            try:
                lines.append(self._candidate_lines(*self._clip(slot)))
            except MediaError:
                lines.append([])
        return lines

    def _clip(self, slot: Slot) -> tuple[Reader, Video, int]:
        """Of a slot: the reader, the video, and the grid frame that its clip starts with."""
        reader, video = self._readers[slot.source], self._videos[slot.pool][slot.source][slot.position]
        uniform = generator(self._seed, "clip", slot.index, 0).random()
        return reader, video, self._first_frame(slot, 0, reader, video, uniform)


class PackedStream:
    """What is read ahead where sound travels in 16 bits, see ``ClipStream.packed_batch``.

    Args:
        stream: Whose clips.
    """

    def __init__(self, stream: ClipStream) -> None:
        self._stream = stream

    def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[PackedBatch, list[Skip]]:
        """The batch of a step."""
        return self._stream.packed_batch(step, rank, world)
