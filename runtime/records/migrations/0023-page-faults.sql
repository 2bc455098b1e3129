-- Looked through every few seconds for calls that reached nobody; nearly always empty.
create index page_faulty on page (alert_id) where fault is not null and state in ('due', 'failed');
