"""Duet: a partner that answers what is played, or plays along with it. No torch, no clock: time comes in as samples.

    what is played --> Partner --> what the partner plays           block by block, live and offline alike
                          |  ^
                   Phrase |  | Answer
                          v  |
                       AnswerSource --> answering: beat, score, writer, critic, performance

partner      Partner: whose turn it is, what sounds when. Start here
listening    keys down and up -> the phrase so far, and when it ends
answering    answer_to: a phrase -> an answer; nothing else decides what it is

beat         tempo, beat and swing of a phrase; pulse: what the beat may be, beat_choice: which of these it is
score        a phrase as the model of melodies hears it
choice       of eight candidates the one that suits the phrase best
performance  the player's loudness, articulation and swing -> notes at samples
along        a second voice under the hands, instead of answers
values       notes, phrases, wishes and answers
sources      where answers are written: at once, or in another process, which `answer_process` is
"""
