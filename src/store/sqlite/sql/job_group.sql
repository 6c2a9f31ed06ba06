-- Job ?1 gets the grp that its type asks for. By the primary key.
UPDATE job SET grp = (SELECT grp FROM gate_group WHERE gate_group.seq = job.seq) WHERE seq = ?1;
