SELECT version, checksum FROM :"schema".migration ORDER BY version
