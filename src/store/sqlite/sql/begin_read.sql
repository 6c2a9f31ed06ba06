-- One state of the store for the statements that follow.
BEGIN;
