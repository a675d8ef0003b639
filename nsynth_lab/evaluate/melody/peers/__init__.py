"""Peers of the melody model, trained here on the same tunes for the same time: `evaluate melody --peers`.

letters    an LSTM over ABC, after folk-rnn (Sturm et al. 2016)
lookback   an LSTM over sixteenths that is told what was a bar and two bars ago (Waite 2016)
vae        a variational autoencoder of two bars of LSTMs, after MusicVAE (Roberts et al. 2018)
lasting    how many steps last so many seconds of a processor
compare    all of them and ours, each trained as long, measured on the same held-out tunes
"""
