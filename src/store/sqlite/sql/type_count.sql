SELECT count(*) FROM type;
