"""Fused: the decoder of a CUDA device in kernels of its own, the only door to Triton.

    step        what a frame takes, from one tensor to another: start here
    net         kernels of the control net; sound, of all that follows it
    constants   what they take from elsewhere

A program of a kernel works on one voice, or on a part of it. With TRITON_INTERPRET=1 kernels run on a CPU, and so the
tests hold them to `Decoder.step`. Importing them raises ImportError where Triton is missing.
"""
