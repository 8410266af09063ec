"""Retrieval and classification metrics against the official ones."""

import itertools

import torch
from helpers.golden_files import assert_close, assert_within, tensor

from vatt_edu.evaluation import metrics
from vatt_edu.finetuning.metrics import multi_label, top_k, windowed_similarities

BOUND = 1e-6
OFFICIAL = {"R@1": "R1", "R@5": "R5", "R@10": "R10", "MedR": "MedianRank"}


def _compare(similarity, data, prefix):
    assert similarity.unique().numel() == similarity.numel()  # no ties, which count differently here
    for ours, theirs in OFFICIAL.items():
        assert_within(abs(metrics.retrieval(similarity)[ours] - float(data[f"{prefix}_{theirs}"])), BOUND, ours)


def test_retrieval(golden):
    data = golden("metrics")
    text = tensor(data["ret_txt"])
    videos = tensor(data["ret_vid"]).unflatten(0, (len(text), -1))
    averages = {"embd": "embeddings", "cosine": "cosines"}
    for name, average in averages.items():
        similarity = windowed_similarities(text, videos, average)
        assert_close(similarity, data[f"ret_sim_{name}"], 1e-5)
        _compare(similarity, data, f"ret_w{videos.shape[1]}/txt2vid_{name}")
    single = videos[:, :1]
    _compare(windowed_similarities(text, single, "cosines"), data, "ret_w1/txt2vid_cosine")
    # With one window the released code forgets to normalize what it averaged.
    _compare((text @ single[:, 0].T).double(), data, "ret_w1/txt2vid_embd")


def test_one_window_is_one_window(golden):
    data = golden("metrics")
    text = tensor(data["ret_txt"])
    single = tensor(data["ret_vid"]).unflatten(0, (len(text), -1))[:, :1]
    ways = [windowed_similarities(text, single, way) for way in ("embeddings", "cosines")]
    for a, b in itertools.combinations([*ways, metrics.similarities(text, single[:, 0])], 2):
        torch.testing.assert_close(a, b)


def test_multi_label(golden):
    data = golden("metrics")
    scores = multi_label(tensor(data["aud_pred"]), tensor(data["aud_gt"]) > 0)
    assert scores["classes"] == data["aud_gt"].shape[1]
    for ours, theirs in (("mAP", "mAP"), ("AUC", "AUC"), ("d_prime", "d-prime")):
        assert_within(abs(scores[ours] - float(data[f"aud/{theirs}"])), BOUND, ours)


def test_accuracy(golden):
    data = golden("metrics")
    scores, labels = tensor(data["acc_pred"]), tensor(data["acc_gt"])[:, 0]
    for k in (1, 5):
        assert_within(abs(top_k(scores, labels, k) - float(data[f"acc/top{k}"])), BOUND)
