"""A learnt prior of instruments: rectified flow over zones, as a rival of `nsynth_lab.imagine`.

    python -m nsynth_lab.research.imagination RUN      trains it in RUN, resumes, then evaluates it in the same table

zones        a bank's zones as points: timbre and level at twelve moments; and what is known of each
flow         VelocityNet, train, sample
instruments  Prior: instruments drawn from it, the same noise for all their zones, so that they stay one instrument

Source: Liu, Gong and Liu 2022, Flow Straight and Fast: learning to generate and transfer data with rectified flow.
"""
