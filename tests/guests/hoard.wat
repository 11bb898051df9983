;; A guest that keeps a secret wherever a core instance can keep one, and says of each place whether one was there
;; before. By hand, since no compiler makes two memories, or lets go of a segment.
;;
;; The harness (`guests::hoard`) fills in what stands in braces. An operation is told by the length of its id:
;;   secrets    answers five digits, 1 for each place with a secret in it: memory, grown memory, second memory, global,
;;              table; then leaves one in each
;;   segments   reads its passive segments and drops them: a second call in the same instance traps
;;   stack      calls itself for ever
;;   tables     grows its table for ever
(component
  (import "switchback:plugin/types@0.1.0" (instance $types
    (type $t0 (record (field "media-type" string) (field "data" string)))
    (export "text" (type $text (eq $t0)))
    (type $t1 (record (field "media-type" string) (field "data" (list u8))))
    (export "bytes" (type $bytes (eq $t1)))
    (type $t2 (record (field "field" string) (field "name" (option string)) (field "media-type" (option string)) (field "size" u32)))
    (export "file" (type $file (eq $t2)))
    (type $t3 (record (field "fields" string) (field "files" (list $file))))
    (export "form" (type $form (eq $t3)))
    (type $t4 (variant (case "empty") (case "text" $text) (case "bytes" $bytes) (case "form" $form) (case "stream" string)))
    (export "body" (type $body (eq $t4)))
    (type $t5 (record (field "operation" string) (field "params" string) (field "body" $body)))
    (export "request" (type $request (eq $t5)))
    (type $t6 (variant (case "empty") (case "text" string) (case "bytes" (list u8))))
    (export "payload" (type $payload (eq $t6)))
    (type $t7 (record (field "status" u16) (field "headers" (list (tuple string string))) (field "body" $payload)))
    (export "response" (type $response (eq $t7)))
    (type $t8 (variant (case "full" $response) (case "streamed")))
    (export "answer" (type $answer (eq $t8)))))
  (alias export $types "request" (type $request))
  (alias export $types "answer" (type $answer))

  (core module $hoard
    (memory $first (export "memory") 4)
    (memory $second 1)
    {memories}
    (table $table 4 funcref)
    (global $secret (mut i64) (i64.const 0))
    (global $heap (mut i32) (i32.const 131072))
    (data $segment "secret")
    (elem $elements func $nothing)
    (elem declare func $nothing)

    ;; Text and length of the contract, which lies behind them.
    (data (memory $first) (i32.const 16) "\20\00\00\00{contract-length}")
    (data (memory $first) (i32.const 32) "{contract}")
    ;; The answer `full`: 200, no headers, five bytes of text.
    (data (memory $first) (i32.const 100000)
      "\00\00\00\00" "\c8\00\00\00" "\00\00\00\00" "\00\00\00\00" "\01\00\00\00" "\00\87\01\00" "\05\00\00\00")
    ;; Those bytes, at 100096.
    (data (memory $first) (i32.const 100096) "00000")

    (func $nothing)
    (func (export "openapi") (result i32) (i32.const 16))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
      (global.set $heap (i32.add (local.get $at) (local.get 3)))
      (local.get $at))

    (func (export "handle") (param $id i32) (param $length i32) (param i32 i32 i32 i32 i32 i32 i32) (result i32)
      (global.set $heap (i32.const 131072))
      (if (i32.eq (local.get $length) (i32.const 7)) (then (call $secrets)))
      (if (i32.eq (local.get $length) (i32.const 8)) (then (call $segments)))
      (if (i32.eq (local.get $length) (i32.const 5)) (then (drop (call $descend (i32.const 0)))))
      (if (i32.eq (local.get $length) (i32.const 6)) (then (call $tables)))
      (i32.const 100000))

    (func $secrets
      (local $at i32)
      ;; In the memory as it begins.
      (call $say (i32.const 0) (i64.ne (i64.load $first (i32.const 250000)) (i64.const 0)))
      ;; In what it grows by, of which each page is looked at.
      (local.set $at (i32.mul (memory.grow $first (i32.const 4)) (i32.const 65536)))
      (call $say (i32.const 1) (i32.ne (local.get $at) (i32.const 262144)))
      (loop $pages
        (if (i64.ne (i64.load $first (local.get $at)) (i64.const 0))
          (then (call $say (i32.const 1) (i32.const 1))))
        (i64.store $first (local.get $at) (i64.const 0x7465726365735f61))
        (local.set $at (i32.add (local.get $at) (i32.const 4096)))
        (br_if $pages (i32.lt_u (local.get $at) (i32.mul (memory.size $first) (i32.const 65536)))))
      (memory.fill $first (i32.const 249000) (i32.const 90) (i32.const 2000))
      ;; In another memory.
      (drop (memory.grow $second (i32.const 1)))
      (call $say (i32.const 2) (i32.or
        (i32.ne (memory.size $second) (i32.const 2))
        (i32.or
          (i64.ne (i64.load $second (i32.const 64)) (i64.const 0))
          (i64.ne (i64.load $second (i32.const 131000)) (i64.const 0)))))
      (memory.fill $second (i32.const 0) (i32.const 90) (i32.const 131072))
      ;; In a global.
      (call $say (i32.const 3) (i64.ne (global.get $secret) (i64.const 0)))
      (global.set $secret (i64.const 1))
      ;; In a table.
      (call $say (i32.const 4) (i32.or
        (i32.ne (table.size $table) (i32.const 4))
        (i32.eqz (ref.is_null (table.get $table (i32.const 2))))))
      (table.set $table (i32.const 2) (ref.func $nothing))
      (drop (table.grow $table (ref.func $nothing) (i32.const 100))))

    (func $say (param $place i32) (param $found i32)
      (i32.store8 $first (i32.add (i32.const 100096) (local.get $place)) (i32.add (i32.const 48) (local.get $found))))

    (func $segments
      (memory.init $first $segment (i32.const 100200) (i32.const 0) (i32.const 6))
      (table.init $table $elements (i32.const 0) (i32.const 0) (i32.const 1))
      (data.drop $segment)
      (elem.drop $elements))

    (func $descend (param $depth i32) (result i32)
      (i32.add (call $descend (i32.add (local.get $depth) (i32.const 1))) (local.get $depth)))

    (func $tables
      (loop $more
        (br_if $more (i32.ne (table.grow $table (ref.null func) (i32.const 1000)) (i32.const -1)))))
  )

  (core instance $hoard (instantiate $hoard))
  {instances}
  (alias core export $hoard "memory" (core memory $memory))
  (alias core export $hoard "realloc" (core func $realloc))
  (func $openapi (result string)
    (canon lift (core func $hoard "openapi") (memory $memory) (realloc $realloc)))
  (func $handle (param "request" $request) (result $answer)
    (canon lift (core func $hoard "handle") (memory $memory) (realloc $realloc)))
  (instance $contract (export "openapi" (func $openapi)))
  (instance $handler (export "handle" (func $handle)))
  (export "switchback:plugin/contract@0.1.0" (instance $contract))
  (export "switchback:plugin/handler@0.1.0" (instance $handler))
)
