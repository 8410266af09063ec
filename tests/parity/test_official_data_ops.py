"""What the official code does to clips before they enter a model, where it was recorded."""

from vatt_edu.data.transforms import multi_crop


def test_crops_of_evaluation(golden):
    data = golden("data_ops")
    frames = data["crop_in"]
    for picture, official in ((frames, data["crop_out"]), (frames.transpose(0, 2, 1, 3), data["crop_out_tall"])):
        count, (height, width) = len(official) // len(picture), official.shape[1:3]
        found = multi_crop(picture, height, width, count)
        assert found.dtype == official.dtype
        assert (found == official).all()
