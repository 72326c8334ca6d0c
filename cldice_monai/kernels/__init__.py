"""Kernels for NVIDIA GPUs, written in Triton.

Every module of this package but `kept` imports triton, which comes with the CUDA builds of torch:
they are imported where they are used, never by ``import cldice_monai``. Whether they can be used is
found out by `cldice_monai.skeleton.usable_kernels`, which knows what their results should be.
"""
