"""Checks and cleans files in processes of their own, so that a hostile file ends only its worker.

types.py    the media type that a file's first bytes point to
pool.py     the workers of this process: started when needed, killed when they take too long
worker.py   one worker, `python -m marketplace.media.worker`: its bounds, and its loop
images.py  audio.py  pdf.py
            what a worker does with a file; only the worker imports these and their libraries

refusals.py why a worker refuses a file

MediaWorkers.job ─▶ a place ─▶ job.write … ─▶ job.prepare ─▶ worker ─▶ job.content, job.thumbnail
"""
