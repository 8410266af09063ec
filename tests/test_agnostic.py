"""The modality-agnostic model: what its towers share, and what they do not."""

import copy
from dataclasses import replace

import pytest
import torch
from helpers.tiny import ENCODER, model_config, random_batch
from hypothesis import given, settings
from hypothesis import strategies as st

from vatt_edu.config import AudioConfig, EncoderConfig, MelConfig, ModelConfig, TextConfig
from vatt_edu.encoder import Encoder
from vatt_edu.errors import UserError
from vatt_edu.model import VATT

TOWERS = ("video", "audio", "text")


def agnostic_config(encoder: EncoderConfig = ENCODER, pre: bool = True, post: int = 20, **changes) -> ModelConfig:
    base = model_config()
    width = base.text.embedding_width if pre else encoder.width
    return replace(
        base,
        backbone="agnostic",
        video=replace(base.video, encoder=encoder, pre_projection=pre, post_projection=post),
        audio=replace(base.audio, encoder=encoder, pre_projection=pre, post_projection=post),
        text=replace(
            base.text, style="agnostic", encoder=encoder, pre_projection=pre, post_projection=post,
            embedding_width=width,
        ),
        **changes,
    )  # fmt: skip


encoders = st.builds(
    EncoderConfig,
    layers=st.integers(1, 3),
    width=st.sampled_from([8, 12, 16]),
    ff_width=st.sampled_from([8, 24]),
    heads=st.integers(1, 3),
    head_width=st.sampled_from([4, 8]),
    dropout=st.just(0.0),
    norm=st.sampled_from(["pre", "post"]),
    activation=st.sampled_from(["gelu", "geglu"]),
    bias=st.booleans(),
)
configs = st.builds(
    agnostic_config,
    encoder=encoders,
    pre=st.booleans(),
    post=st.sampled_from([0, 7]),
    pooling=st.sampled_from(["agg", "max_mean"]),
    agg_position=st.booleans(),
)


@settings(deadline=None, max_examples=25)
@given(config=configs, seed=st.integers(0, 10**6))
def test_the_encoder_is_shared_and_nothing_else(config, seed):
    torch.manual_seed(seed)
    model = VATT(config).double().eval()
    shared = {name for name, _ in model.named_parameters() if name.startswith("encoder.")}
    assert {name.removeprefix("encoder.") for name in shared} == set(Encoder(config.video.encoder).state_dict())

    # Every tensor is there once, under one name, in storage of its own.
    state = model.state_dict()
    assert len({value.data_ptr() for value in state.values()}) == len(state)
    parameters = list(model.named_parameters(remove_duplicate=False))
    assert len({id(value) for _, value in parameters}) == len(parameters)

    # A tower's output has a gradient at the shared encoder and at its own parameters, and nowhere else.
    batch = random_batch(config, dtype=torch.float64)
    for name, signal in zip(TOWERS, (batch.video, batch.audio, batch.text.flatten(0, 1)), strict=True):
        pooled, hidden = getattr(model, name)(signal)
        used = torch.autograd.grad(
            (pooled.square().sum() + hidden.square().sum()), [p for _, p in parameters], allow_unused=True
        )
        reached = {key for (key, _), gradient in zip(parameters, used, strict=True) if gradient is not None}
        assert reached == shared | {key for key, _ in parameters if key.startswith(name + ".")}


@settings(deadline=None, max_examples=10)
@given(config=configs)
def test_it_has_two_encoders_less_than_three_towers(config):
    specific = replace(config, backbone="specific")
    count = {kind: sum(p.numel() for p in VATT(c).parameters()) for kind, c in (("one", config), ("three", specific))}
    encoder = sum(p.numel() for p in Encoder(config.video.encoder).parameters())
    assert count["three"] - count["one"] == 2 * encoder


def test_moving_the_shared_encoder_moves_all_towers_and_moving_a_tower_only_itself():
    config = agnostic_config()
    model, batch = VATT(config).double().eval(), random_batch(config, dtype=torch.float64)

    def outputs():
        with torch.no_grad():
            signals = (batch.video, batch.audio, batch.text[:, 0])
            return {name: getattr(model, name)(x)[0] for name, x in zip(TOWERS, signals, strict=True)}

    for moved, expected in (
        (model.encoder.layers[0].ff.wi.weight, set(TOWERS)),
        *((getattr(model, name).pre_projection.weight, {name}) for name in TOWERS),
        *((getattr(model, name).post_projection.weight, {name}) for name in TOWERS),
        *((getattr(model, name).positions.tables[0], {name}) for name in TOWERS),
        *((getattr(model, name).agg, {name}) for name in TOWERS),
    ):
        before = outputs()
        with torch.no_grad():
            moved += 0.1 * torch.randn_like(moved)
        after = outputs()
        assert {name for name in TOWERS if not torch.equal(before[name], after[name])} == expected


def test_a_copy_and_a_cast_keep_the_encoder_shared():
    model = VATT(agnostic_config())
    for other in (copy.deepcopy(model), copy.deepcopy(model).double()):
        assert other.encoder is other.video.encoder is other.audio.encoder is other.text.encoder
        assert other.encoder is not model.encoder
        assert other.text.encoder.norm.weight.dtype == other.video.agg.dtype
        other.train()
        assert other.video.encoder.training
    model.eval()
    assert not model.text.encoder.training


def test_pooled_features_have_passed_through_a_gelu_of_the_projections_width():
    config = agnostic_config()
    model, batch = VATT(config).eval(), random_batch(config)
    for name, signal in zip(TOWERS, (batch.video, batch.audio, batch.text[:, 0]), strict=True):
        pooled, hidden = getattr(model, name)(signal)
        assert pooled.shape[1] == hidden.shape[2] == 20
        assert pooled.min() >= -0.17  # the least value of a GELU
    assert model(batch).video_va.shape == (6, 10)


def test_without_projections_as_the_paper_describes_it():
    """Tokens enter the encoder as they are, and its hidden state is the feature."""
    config = agnostic_config(pre=False, post=0)
    model, batch = VATT(config).double().eval(), random_batch(config, dtype=torch.float64)
    assert not [name for name in model.state_dict() if "projection" in name]
    video = model.video
    tokens = video.tokenizer(video.patches(batch.video)) + video.positions()
    hidden = model.encoder(torch.cat([video.agg.expand(6, 1, -1), tokens], 1))
    torch.testing.assert_close(video(batch.video)[0], hidden[:, 0], rtol=1e-12, atol=1e-12)


def test_agg_with_a_position_as_in_equation_2():
    config = agnostic_config(agg_position=True)
    model, batch = VATT(config).double().eval(), random_batch(config, dtype=torch.float64)
    seen = []
    model.encoder.register_forward_pre_hook(lambda _m, args: seen.append(args[0][:, 0]))
    for name, signal in zip(TOWERS, (batch.video, batch.audio, batch.text[:, 0]), strict=True):
        tower = getattr(model, name)
        tower(signal)
        row = tower.positions.agg
        expected = tower.agg + torch.nn.functional.layer_norm(row, row.shape, eps=1e-6)
        torch.testing.assert_close(seen[-1], expected.expand(len(signal), -1), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("agg_position", [False, True])
def test_position_dropout_spares_an_agg_without_a_position(agg_position):
    encoder = replace(ENCODER, dropout=0.5)
    config = agnostic_config(encoder, agg_position=agg_position)
    model, batch = VATT(config).train(), random_batch(config, clips=40)
    seen = []
    model.encoder.register_forward_pre_hook(lambda _m, args: seen.append(args[0] == 0))
    model(batch)
    for zeros in seen:
        assert zeros[:, 1:].float().mean().item() == pytest.approx(0.5, abs=0.05)
        assert zeros[:, 0].any() == agg_position


def test_text_attends_to_words_only():
    """A padding word's row and position change nothing; the AGG token always sees itself."""
    config = agnostic_config()
    model = VATT(config).double().eval()
    text = torch.tensor([[3, 4, 0, 0, 0], [0, 0, 0, 0, 0]])
    before, _ = model.text(text)
    with torch.no_grad():
        model.text.words.weight[0] += 100.0
        model.text.positions.tables[0][2:] += 1.0
    torch.testing.assert_close(model.text(text)[0], before, rtol=1e-12, atol=1e-12)
    assert before.isfinite().all()


@pytest.mark.parametrize("sharing", ["batch", "sample"])
def test_clips_of_another_size_are_taken_and_dropped_by_their_own_count(sharing):
    config = agnostic_config()
    config = replace(config, droptoken=replace(config.droptoken, sharing=sharing))
    model = VATT(config).train()
    grown = replace(
        config,
        video=replace(config.video, frames=8, height=16),
        audio=replace(config.audio, samples=72),
        text=replace(config.text, words=7),
    )
    lengths = []
    model.encoder.register_forward_pre_hook(lambda _m, args: lengths.append(args[0].shape[1]))
    model(random_batch(grown)).video_va.square().sum().backward()
    assert lengths == [4 * 4 * 2 // 2 + 1, 9 // 2 + 1, 7 + 1]
    assert all(table.grad.isfinite().all() for table in model.video.positions.tables)


def test_a_spectrogram_of_two_axes_and_words_with_positions():
    """Options of the specific model: patches of frames and bins, and a BERT-style text tower."""
    base = model_config()
    mel = MelConfig(window=16, hop=8, bins=6, low=20.0, high=400.0, sample_rate=1_000, patch_frames=2, patch_bins=3)
    config = replace(
        base,
        audio=AudioConfig(samples=72, signal="log_mel", mel=mel, encoder=replace(ENCODER, bias=False)),
        text=replace(base.text, style="bert", encoder=ENCODER),
    )
    assert config.audio.grid == (4, 2)
    model = VATT(config).eval()
    assert [len(table) for table in model.audio.positions.tables] == [4, 2]
    assert model.audio.positions.transposed
    assert model(random_batch(config)).audio_va.isfinite().all()
    straight = replace(config, audio=replace(config.audio, mel=replace(mel, position_ids="straight")))
    assert not VATT(straight).audio.positions.transposed
    assert model.text.pre_projection.bias is None
    assert VATT(agnostic_config()).text.pre_projection.bias is not None


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: replace(agnostic_config(), audio=model_config().audio), "must be equal"),
        (lambda: replace(agnostic_config(), text=replace(model_config().text, encoder=ENCODER)), "needs text.style"),
        (lambda: TextConfig(post_projection=3), "text.style = t5 has"),
        (lambda: TextConfig(encoder=replace(ENCODER, norm="post")), "text.style = t5 has"),
        (lambda: TextConfig(style="bert", pre_projection=False), "text.embedding_width = 300 must be that"),
        (lambda: AudioConfig(post_projection=-1), "post_projection = -1 must not be negative"),
        (lambda: MelConfig(patch_bins=81), "audio.mel.patch_bins = 81 are more than audio.mel.bins = 80"),
    ],
)
def test_what_does_not_fit_together_is_refused(build, says):
    with pytest.raises(UserError, match=says):
        build()
