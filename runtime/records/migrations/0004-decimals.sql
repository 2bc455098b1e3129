-- Digits after the point that the device gave with a value; null where it gave none, and for all values from before this was kept.
alter table latest_value add column decimals smallint check (decimals between 0 and 6);
