"""Export: the decoder with chosen instruments inside, for other programs: `nsynth-lab export`.

    bank --> table --+
    decoder ---------+--> step --> nn_tilde   TorchScript, for nn~ in Max, Pure Data and SuperCollider
                                   onnx_file  ONNX, for C++ hosts and browsers

make        a file of either kind, checked as soon as it is written: start here
check       a file played by its own golden sound (`golden`)
about       what a file says of itself
nn_host, onnx_host   what plays them here
"""
