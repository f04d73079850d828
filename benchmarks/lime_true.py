"""Does the heat find what the network is known to look at? labkit, lime, captum, pytorch-grad-cam.

Average precision (the area under the precision-recall curve) of the heat against the pixels that
matter, on drawn scenes that no setting was chosen on, for two networks whose reason is planted:
"ground" has early features and was trained on wolves on snow and huskies elsewhere, and another
ground turns its answer around; "animal" has late features and was trained on every ground, and
another ground does not. All are given 256 images a scene and the same superpixels; nothing else is
set for the peers. The interval is the 95 % interval of the mean difference over scenes.

The last rows say what other shares of superpixels kept would change. On "ground" hardly anything:
what parts LIME from occlusion there is not chance that better sampling would take away, but which
superpixels of the ground the network really uses. On "animal" hiding more finds more, and must be
paid for in images until two runs agree (`lime_repeat.py`).
"""

import warnings
from functools import partial

import torch

from benchmarks._lime_peers import captum_lime, captum_shap, lime_package
from benchmarks.measure import picture, result, table
from labkit import data, explain
from labkit.explain import score
from labkit.nets import models
from labkit.nets.probe import Probe

SAMPLES, SCENES, STEPS, PATCH, STRIDE = 256, 16, 32, 32, 16
GROUNDS = ["snow", "grass", "forest", "sand"]
ANY_GROUND = {"snow_wolves": 0.25, "snow_huskies": 0.25}


def main() -> None:
    """Score every method on both networks."""
    torch.set_num_threads(2)
    warnings.simplefilter("ignore")
    network, shown = models.load_pretrained(), {}
    for name, case in {"ground": ground, "animal": animal}.items():
        model, images, targets, masks, turned = case(network)
        print(f"\n{name}: another ground turns {turned:.0%} of the answers around\n")
        scenes = model, images, targets, masks
        precision = {what: each(method, *scenes) for what, method in METHODS.items()}
        report(name, precision, masks)
        print(
            f"\nThe best that any weights of the superpixels can do: {ceiling(images, masks):.3g}"
        )
        shown[f"{name} (chance {masks.float().mean():.2f})"] = {
            what: values.mean().item() for what, values in precision.items()
        }
    picture("lime-true", shown, unit="average precision (more is better)")


def report(name: str, precision: dict, masks: torch.Tensor) -> None:
    """The table, and the result: labkit's LIME minus the best peer's, upper end of the interval."""
    peers = {what: p for what, p in precision.items() if "labkit" not in what}
    best = max(peers, key=lambda what: peers[what].mean())
    rows = []
    for what, values in precision.items():
        behind = precision["labkit LIME"] - values
        margin = 1.96 * behind.std().item() / len(behind) ** 0.5
        rows.append((what, values.mean().item(), f"{behind.mean():+.3f} +- {margin:.3f}"))
    table(["method", "average precision", "labkit LIME is ahead by"], rows)
    ahead = precision["labkit LIME"] - peers[best]
    upper = ahead.mean() + 1.96 * ahead.std() / len(ahead) ** 0.5
    print(f"best peer: {best}; best or tied means that the interval does not lie below 0\n")
    result(f"lime-true-{name}", upper.item(), 0, at_most=False)


def ceiling(images, masks) -> float:
    """Average precision of the heat that gives each superpixel its share of pixels that matter."""
    heats = []
    for image, mask in zip(images, masks, strict=True):
        segments = explain.superpixels(image[None])[0].flatten()
        share = torch.bincount(segments, mask.flatten().double()) / torch.bincount(segments)
        heats.append(share.float()[segments].view_as(mask))
    return score.average_precision(torch.stack(heats), masks).mean().item()


def ground(network):
    """Early features, wolves on snow: the model, test scenes on snow, "wolf", the ground."""
    known = data.load_canids(n=40, part="train", seed=5)
    model = Probe(network, "block1").fit(known.images, known.labels)
    scenes = data.load_canids(n=SCENES, snow_wolves=1, snow_huskies=1, part="test", seed=5)
    snow, grass = (data.on_ground(scenes, g).images for g in ("snow", "grass"))
    turned = (model.predict(snow) != model.predict(grass)).float().mean()
    return model, snow, [1] * len(snow), ~scenes.masks, turned.item()


def animal(network):
    """Late features, all grounds: the model, test scenes on any ground, their animals."""
    known = data.load_canids(n=80, part="train", seed=6)
    moved = [data.on_ground(known, ground).images for ground in GROUNDS]
    deep = models.load_pretrained(size=144)
    model = Probe(deep, "block16").fit(torch.cat(moved), known.labels.repeat(len(GROUNDS)))
    scenes = data.load_canids(n=SCENES, **ANY_GROUND, part="test", seed=6)
    said = torch.stack([model.predict(data.on_ground(scenes, g).images) for g in GROUNDS])
    turned = (said != said[0]).any(0).float().mean()
    return model, scenes.images, scenes.labels.tolist(), scenes.masks, turned.item()


def each(method, model, images, targets, masks) -> torch.Tensor:
    """Average precision of a method on each scene, (B,)."""
    pairs = zip(images, targets, strict=True)
    heats = [method(model, image[None], target)[0] for image, target in pairs]
    return score.average_precision(torch.stack(heats).detach().float(), masks)


def by_superpixels(method, model, images, target):
    """Heat of a peer's LIME or KernelShap, (1, H, W), on labkit's superpixels."""
    segments = explain.superpixels(images)
    weights = method(model, images[0], segments[0], SAMPLES, 0, target=target)
    return weights[segments]


def labkit_lime(model, images, target, **options):
    """labkit's LIME, at its defaults unless told."""
    return explain.lime(model, images, target, samples=SAMPLES, **options)


def captum_of(name, model, images, target, **options):
    """Heat of a method of captum, summed over the colour channels."""
    from captum import attr

    found = getattr(attr, name)(model).attribute(
        images.clone().requires_grad_(), target=target, **options
    )
    return found.sum(1)


def saliency(model, images, target):
    """captum's Saliency, largest over the colour channels."""
    from captum.attr import Saliency

    return Saliency(model).attribute(images.clone().requires_grad_(), target=target).amax(1)


def captum_grad_cam(model, images, target):
    """captum's LayerGradCam on the layer below the classifier, stretched to the image."""
    from captum.attr import LayerAttribution, LayerGradCam

    found = LayerGradCam(model, last_maps(model)).attribute(
        images, target=target, relu_attributions=True
    )
    return LayerAttribution.interpolate(found, images.shape[-2:], "bilinear")[:, 0]


def other_grad_cam(model, images, target):
    """pytorch-grad-cam on the same layer."""
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    cam = GradCAM(model, [last_maps(model)])
    return torch.from_numpy(cam(images.clone().requires_grad_(), [ClassifierOutputTarget(target)]))


def last_maps(model):
    """The module whose maps the probe averages."""
    return model.get_submodule(model.layer)


METHODS = {
    "labkit LIME": labkit_lime,
    "lime": partial(by_superpixels, lime_package),
    "captum Lime": partial(by_superpixels, partial(captum_lime, batch=8)),
    "captum KernelShap": partial(by_superpixels, partial(captum_shap, batch=8)),
    "captum gradient": saliency,
    "captum integrated gradients": partial(
        captum_of, "IntegratedGradients", n_steps=STEPS, internal_batch_size=8
    ),
    "captum occlusion": partial(
        captum_of,
        "Occlusion",
        sliding_window_shapes=(3, PATCH, PATCH),
        strides=(3, STRIDE, STRIDE),
        perturbations_per_eval=4,
    ),
    "captum Grad-CAM": captum_grad_cam,
    "pytorch-grad-cam": other_grad_cam,
    "labkit gradient": lambda *case: explain.gradient(*case),
    "labkit integrated gradients": lambda *case: explain.integrated_gradients(*case, steps=STEPS),
    "labkit occlusion": lambda *case: explain.occlusion(*case, stride=STRIDE),
    "labkit Grad-CAM": lambda *case: explain.grad_cam(*case),
    **{f"labkit LIME, keeps {keep}": partial(labkit_lime, keep=keep) for keep in (0.95, 0.9, 0.5)},
}

if __name__ == "__main__":
    main()
