.mode csv
.import --csv rows.csv rows
.mode list
SELECT 'rows', count(*) FROM rows;
SELECT 'sum', sum(CAST(amount AS INTEGER)) FROM rows;
SELECT 'names', count(DISTINCT name) FROM rows;
SELECT 'extremes', min(CAST(amount AS INTEGER)), max(CAST(amount AS INTEGER)) FROM rows;
CREATE TABLE payment (id INTEGER PRIMARY KEY, name TEXT NOT NULL, amount INTEGER NOT NULL);
INSERT INTO payment SELECT CAST(id AS INTEGER), name, CAST(amount AS INTEGER) FROM rows;
CREATE INDEX payment_by_name ON payment (name, amount);
SELECT 'top', name, count(*), sum(amount) FROM payment GROUP BY name ORDER BY sum(amount) DESC, name LIMIT 5;
SELECT 'median', amount FROM payment ORDER BY amount LIMIT 1 OFFSET 50000;
WITH running AS (
  SELECT id, sum(amount) OVER (ORDER BY id) AS total FROM payment
)
SELECT 'running', id, total FROM running WHERE id % 25000 = 0 ORDER BY id;
UPDATE payment SET amount = amount + 1 WHERE name = 'name007';
DELETE FROM payment WHERE id % 2 = 0;
SELECT 'after', count(*), sum(amount) FROM payment;
PRAGMA integrity_check;
