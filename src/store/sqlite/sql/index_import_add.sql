-- An import of file ?1: target ?2, line ?3, resolved ?4.
INSERT INTO index_import (file, target, line, resolved) VALUES (?1, ?2, ?3, ?4);
