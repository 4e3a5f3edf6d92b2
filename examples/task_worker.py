#!/usr/bin/env python3
"""A program that does the tasks of bgjob's workflows.

    task_worker.py QUEUE [CONNECTION STRING]

A task may be done twice: when its worker or the server dies before completion is recorded, it is
fetched again with the same idempotency key. Give that key to whatever must happen once only.
"""
import json
import os
import signal
import socket
import sys
import threading

import psycopg2

LEASE = 30  # seconds; renewed after each third of it
NOBODY_WAITS = ("cancelling", "undoing", "withdrawn")


class Failure(Exception):
    """What a task failed of; without another attempt unless it is retryable."""

    def __init__(self, message, sqlstate=None, retryable=True):
        super().__init__(message)
        self.sqlstate = sqlstate
        self.retryable = retryable


class Task:
    def __init__(self, row):
        self.id, self.name, self.payload, self.attempt, self.key = row
        self.stopped = threading.Event()  # nobody waits for it any longer: look at it now and then


class Worker:
    def __init__(self, dsn, queue, do, name=None, lease=LEASE):
        self.queue, self.do, self.lease = queue, do, lease
        self.name = name or f"{socket.gethostname()}-{os.getpid()}"
        self.leaving = threading.Event()
        self.connection = psycopg2.connect(dsn)
        self.connection.autocommit = True  # wait_task() refuses to hold a transaction open

    def sql(self, command, *parameters):
        with self.connection.cursor() as cursor:
            cursor.execute(command, parameters)
            return cursor.fetchall() if cursor.description else []

    def fetch(self):
        rows = self.sql(
            "SELECT id, name, payload, attempt, idempotency_key"
            " FROM bgjob.fetch_task(%s, %s, make_interval(secs => %s))",
            self.queue, self.name, self.lease)
        return Task(rows[0]) if rows else None

    def renew(self, task, done):
        """Keeps the lease while the task is being done; tells the task when it is in vain."""
        while not done.wait(self.lease / 3):
            try:
                state = self.sql("SELECT bgjob.renew_task(%s, %s, make_interval(secs => %s))",
                                 task.id, self.name, self.lease)[0][0]
            except psycopg2.Error:
                state = "withdrawn"
            if state in NOBODY_WAITS:
                task.stopped.set()
                return

    def attempt(self, task):
        done = threading.Event()
        renewal = threading.Thread(target=self.renew, args=(task, done), daemon=True)
        renewal.start()
        try:
            result, failure = self.do(task), None
        except Failure as error:
            failure = error
        except Exception as error:  # a mistake of this program: perhaps another one does better
            failure = Failure(f"{type(error).__name__}: {error}")
        finally:
            done.set()
            renewal.join()
        try:
            if failure:
                self.sql("SELECT bgjob.fail_task(%s, %s, %s, %s, %s)", task.id, self.name,
                         str(failure), failure.sqlstate, failure.retryable)
            else:
                self.sql("SELECT bgjob.complete_task(%s, %s, %s)", task.id, self.name,
                         json.dumps(result))
        except (psycopg2.errors.ObjectNotInPrerequisiteState, psycopg2.errors.UndefinedObject) as late:
            print(f"task {task.id}: {late}", file=sys.stderr)  # another has it, or nobody waits

    def run(self):
        while not self.leaving.is_set():
            task = self.fetch()
            if task:
                self.attempt(task)
            else:
                self.sql("CALL bgjob.wait_task(%s, '5 s')", self.queue)


def charge(task):
    """For example."""
    if task.stopped.is_set():
        raise Failure("stopped", retryable=False)
    return {"charged": task.payload, "receipt": task.key}


def main():
    queue, dsn = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    worker = Worker(dsn, queue, charge)
    signal.signal(signal.SIGTERM, lambda *_: worker.leaving.set())
    worker.run()


if __name__ == "__main__":
    main()
