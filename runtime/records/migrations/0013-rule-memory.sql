-- Written whole with every reading that a rule looks at and never searched: kept as the text it comes in, uncompressed.
alter table rule_memory alter column memory type json using memory::text::json;
alter table rule_memory alter column memory set storage external;
