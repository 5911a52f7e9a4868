-- Passwords are forgotten when the engine has them; these were kept from before that rule.
DELETE FROM "secret_value" WHERE "owner" IN (SELECT 'credential/' || "id" FROM "credential" WHERE "state" = 'active');
