"""Compile every variant of the kernels for a kind of NVIDIA GPU; no GPU is needed for that."""

import sys

NUMBERS = {"depth", "height", "width", "planes", "n_items", "size", "plane", "row"}
BYTES = {"mask", "classes", "table"}
LEVEL = {"ignore": True, "core": True, "rows": True}


def compile_for(capability, kernel, constants, storage="*fp32"):
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    constants = {"real": triton.language.float32, "block": 512, **constants}
    constants = {name: constants[name] for name in kernel.arg_names if name in constants}
    types = dict.fromkeys(kernel.arg_names, "*fp32")
    types |= dict.fromkeys(("image", "eroded", "thinner", "skeleton"), storage)
    types |= dict.fromkeys(("words", "words_after", "first_words"), "*i32")
    types |= dict.fromkeys(BYTES, "*u8") | dict.fromkeys(NUMBERS, "i32") | {"index": "*i64"}
    types |= dict.fromkeys(constants, "constexpr")
    signature = {name: types[name] for name in kernel.arg_names}
    source = ASTSource(fn=kernel, signature=signature, constexprs=constants)
    target = GPUTarget("cuda", capability, 32)
    return triton.compile(source, target=target, options={"num_warps": 16}).asm["cubin"]


def variants():
    """Yield kernel, constants, and storage where it is not single precision."""
    # pytest looks through this file for docstrings, with or without triton.
    from cldice_monai.kernels import soft_backward, soft_forward, thinning

    for axes in (7, 5):
        yield (
            soft_forward.erosion_kernel,
            {"axes": axes, "ignore": True, "rows": axes == 7, "keep": True},
        )
    for first, last, sums in (
        (True, False, 0),
        (False, False, 0),
        (False, True, 1),
        (False, True, 2),
    ):
        flags = {"is_first": first, "is_last": last, "sums": sums, "keep": True}
        yield soft_forward.level_kernel, {**LEVEL, **flags, "axes": 0 if last else 7}
    flags = {"is_first": False, "is_last": False, "sums": 0, "keep": False}
    yield (
        soft_forward.level_kernel,
        {**LEVEL, **flags, "ignore": False, "axes": 5, "rows": False},
        "*fp16",
    )
    for first, last in ((True, False), (False, False), (False, True)):
        flags = {"is_first": first, "is_last": last, "core": True, "sums": last, "rows": last}
        yield soft_backward.gradient_kernel, flags
    yield soft_backward.seed_kernel, {}
    for ndim in (2, 3):
        yield thinning.flags_kernel, {"ndim": ndim}
        yield thinning.delete_kernel, {"ndim": ndim, "simple": 1}


if __name__ == "__main__":
    for n, variant in enumerate(variants()):
        assert compile_for(int(sys.argv[1]), *variant)
        print(n, variant[0].__name__, flush=True)
