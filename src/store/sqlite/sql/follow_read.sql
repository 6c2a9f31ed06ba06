-- Until when events are written, and since which position. One row.
SELECT until, since FROM follow;
