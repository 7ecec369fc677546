"""REST under `/api/v1`: routes as data, shapes as types, the OpenAPI document made from both."""
