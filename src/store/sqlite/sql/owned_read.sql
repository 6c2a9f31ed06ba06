-- Up to which seq jobs are in owned. By the primary key.
SELECT seq FROM owned_up_to WHERE only_row = 1;
