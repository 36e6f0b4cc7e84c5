"""Moves votes from the queue to the database; who votes again changes the vote."""
import json

import psycopg2
import redis

queue = redis.Redis("queue")
database = psycopg2.connect("")
database.autocommit = True
cursor = database.cursor()
cursor.execute("create table if not exists votes (voter text primary key, vote text not null)")
print("waiting for votes")
while True:
    _, text = queue.blpop("votes")
    vote = json.loads(text)
    cursor.execute(
        "insert into votes values (%(voter)s, %(vote)s) on conflict (voter) do update set vote = excluded.vote", vote
    )
    print("vote", vote["vote"], "of", vote["voter"])
