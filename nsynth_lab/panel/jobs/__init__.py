"""Jobs: what takes longer than a page may wait, each in a process of its own that may die.

    a page's request --> Jobs.start --> child: work(folder, tell, **arguments) --> result, files
                           rows <---------- what it tells --'                        |
    pages <-- `jobs` ------'                                    GET /api/jobs/{job}/{file}

    jobs       all of them: at most two at work, and a brief one beside them; the others wait
    job        one of them: its state, as pages are told
    process    the parent's side of its process
    child      the child's side: what it may take, and how it tells
    folders    where files are kept while the panel runs; what is left after a crash goes when it starts again
    uploads    a file that a page sends, bounded in size and time
    sent       the sounds of one kind that pages have sent, in folders of their own while jobs work on them
    answers    values in a job's result, checked
    downloads  a job's files

Nothing that a job's process says is trusted: it may have read a stranger's file.
"""
