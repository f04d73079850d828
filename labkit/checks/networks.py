"""A network as it was before a student's function got it, and whether it still is."""

from __future__ import annotations

from torch import Tensor, nn

GLOBAL_HOOKS = ("_global_forward_hooks", "_global_forward_pre_hooks", "_global_backward_hooks")


class AsItWas:
    """What a network was: its layers, values, modes, which weights learn, and their slopes."""

    def __init__(self, network: nn.Module):
        self.network, self.modes = network, _modes(network)
        self.learns = {n: p.requires_grad for n, p in network.named_parameters()}
        self.slopes = {n: _slope(p) for n, p in network.named_parameters()}
        self.values = {n: v.detach().clone() for n, v in network.state_dict().items()}
        self.hooks, self.global_hooks = _hooks(network), [set(found) for found in _for_all()]

    def change(self, *, learner: bool = False) -> str:
        """What is other than before, in a sentence without its subject; "" if nothing is.

        learner: its values and slopes may change.
        """
        if _modes(self.network).keys() != self.modes.keys():
            return "changes the network: its layers are not those that came in."
        found = "" if learner else self._other_values() or self._other_slopes()
        return found or self._hooks_left() or self._other_learning() or self._other_mode()

    def _hooks_left(self) -> str:
        left = max(_hooks(self.network) - self.hooks, 0)
        for now, before in zip(_for_all(), self.global_hooks, strict=True):
            for new in set(now) - before:
                left += 1
                del now[new]  # it would run in every network from now on
        if not left:
            return ""
        return (
            f"leaves {left} hook{'s' * (left > 1)} in the model, and {left} more at each call, all "
            "of them run for ever: keep what register_forward_hook returns, and .remove() it; or "
            "use `with`, as in `with hooks.switched_off(...)`."
        )

    def _other_values(self) -> str:
        now = self.network.state_dict()
        names = [n for n, v in self.values.items() if n not in now or _differ(now[n], v)]
        if not names and now.keys() == self.values.keys():
            return ""
        why = "Work on a copy, copy.deepcopy(network), or leave it as it is."
        if any("running_" in n or "num_batches" in n for n in names):
            why = "In train mode batch normalisation learns from what it sees. Call .eval() first."
        return f"changes the network's weights or values ({(names or ['new ones'])[0]}). {why}"

    def _other_slopes(self) -> str:
        for name, weight in self.network.named_parameters():
            now, before = _slope(weight), self.slopes.get(name)
            if now is not None and now.any() and (before is None or _differ(now, before)):
                return (
                    "leaves derivatives on the network's weights (.grad): backward() fills them "
                    "all. torch.autograd.grad(logit, image) gives only the one you ask for."
                )
        return ""

    def _other_learning(self) -> str:
        for name, weight in self.network.named_parameters():
            if weight.requires_grad != self.learns.get(name):
                return (
                    f"changes the network: requires_grad of {name} was {self.learns.get(name)} and "
                    f"is {weight.requires_grad} now. Leave it, or put it back at the end."
                )
        return ""

    def _other_mode(self) -> str:
        for name, training in _modes(self.network).items():
            if training != self.modes[name]:
                word = {True: "train", False: "eval"}
                return (
                    f"changes the mode of the network: it came in {word[not training]} mode and is "
                    f"left in {word[training]} mode, in which dropout and batch normalisation do "
                    "something else. Keep network.training, and call network.train(that) at the "
                    "end."
                )
        return ""


def _for_all() -> list[dict]:
    return [getattr(nn.modules.module, name) for name in GLOBAL_HOOKS]


def _hooks(network: nn.Module) -> int:
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(module, kind)) for module in network.modules() for kind in kinds)


def _modes(network: nn.Module) -> dict[str, bool]:
    return {name: module.training for name, module in network.named_modules()}


def _slope(weight: Tensor) -> Tensor | None:
    return None if weight.grad is None else weight.grad.detach().clone()


def _differ(one: Tensor, other: Tensor) -> bool:
    return one.shape != other.shape or not bool((one == other).all())
