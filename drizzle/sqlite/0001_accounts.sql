CREATE TABLE `audit_events` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer,
	`event` text(32) NOT NULL,
	`address` text(45),
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_events_user_id_idx` ON `audit_events` (`user_id`,`id`);--> statement-breakpoint
CREATE INDEX `audit_events_created_at_idx` ON `audit_events` (`created_at`);--> statement-breakpoint
CREATE TABLE `mail_links` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer NOT NULL,
	`purpose` text(16) NOT NULL,
	`token_hash` text(43) NOT NULL,
	`email` text(768),
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "mail_links_purpose_check" CHECK("mail_links"."purpose" in ('password_reset', 'email_change'))
);
--> statement-breakpoint
CREATE INDEX `mail_links_user_id_idx` ON `mail_links` (`user_id`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `mail_links_token_hash_key` ON `mail_links` (`token_hash`);--> statement-breakpoint
CREATE TABLE `personal_access_tokens` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer NOT NULL,
	`name` text(100) NOT NULL,
	`token_hash` text(43) NOT NULL,
	`last_four` text(4) NOT NULL,
	`scopes` text(255) NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`last_used_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `personal_access_tokens_user_id_idx` ON `personal_access_tokens` (`user_id`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `personal_access_tokens_token_hash_key` ON `personal_access_tokens` (`token_hash`);--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer NOT NULL,
	`family_hash` text(43) NOT NULL,
	`secret_hash` text(43) NOT NULL,
	`parent_hash` text(43),
	`address` text(45) NOT NULL,
	`user_agent` text(255),
	`created_at` integer NOT NULL,
	`last_used_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `sessions_user_id_idx` ON `sessions` (`user_id`,`id`);--> statement-breakpoint
CREATE INDEX `sessions_expires_at_idx` ON `sessions` (`expires_at`);--> statement-breakpoint
CREATE UNIQUE INDEX `sessions_family_hash_key` ON `sessions` (`family_hash`);--> statement-breakpoint
ALTER TABLE `users` ADD `display_name` text(100);--> statement-breakpoint
ALTER TABLE `users` ADD `timezone` text(64) DEFAULT 'UTC' NOT NULL;