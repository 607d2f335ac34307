"""Result shards to tables, filters and figures. Never imports jobs or the engine."""
