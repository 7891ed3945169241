"""Does a message get through, once, whatever is killed?

Real processes, real kills: web processes that submit and decide, a Celery worker with children, beat and a Redis of
their own, on a database of their own, against a provider of e-mail that lies.  Nothing that the machine runs is
touched.
"""
