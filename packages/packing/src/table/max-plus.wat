;; A knapsack's table in memory from 0 on: rows x columns of f64, row by row. A class moves dp rows and dq columns on.
(module
  (memory (export "memory") 1)

  ;; to[i] = max(to[i], from[i] + value), for so many cells, two at a time. The second of two must not read the first.
  (func $row (param $to i32) (param $from i32) (param $cells i32) (param $value f64)
    (local $values v128)
    (local $end i32)
    (local $at i32)
    (local.set $values (f64x2.splat (local.get $value)))
    (local.set $end (i32.shl (i32.and (local.get $cells) (i32.const -2)) (i32.const 3)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (v128.store
          (i32.add (local.get $to) (local.get $at))
          (f64x2.pmax
            (v128.load (i32.add (local.get $to) (local.get $at)))
            (f64x2.add (v128.load (i32.add (local.get $from) (local.get $at))) (local.get $values))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next)))
    (if (i32.and (local.get $cells) (i32.const 1))
      (then
        (f64.store
          (i32.add (local.get $to) (local.get $at))
          (f64.max
            (f64.load (i32.add (local.get $to) (local.get $at)))
            (f64.add (f64.load (i32.add (local.get $from) (local.get $at))) (local.get $value)))))))

  ;; Any number of a class: rows upwards, so that what is read may hold some already.
  (func (export "takeAny") (param $rows i32) (param $columns i32) (param $dp i32) (param $dq i32) (param $value f64)
    (local $p i32)
    (local.set $p (local.get $dp))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $p) (local.get $rows)))
        (call $row
          (i32.shl (i32.add (i32.mul (local.get $p) (local.get $columns)) (local.get $dq)) (i32.const 3))
          (i32.shl (i32.mul (i32.sub (local.get $p) (local.get $dp)) (local.get $columns)) (i32.const 3))
          (i32.sub (local.get $columns) (local.get $dq))
          (local.get $value))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br $next))))

  ;; One of a class: rows downwards, so that what is read holds none yet.
  (func (export "takeOnce") (param $rows i32) (param $columns i32) (param $dp i32) (param $dq i32) (param $value f64)
    (local $p i32)
    (local.set $p (local.get $rows))
    (block $done
      (loop $next
        (br_if $done (i32.le_u (local.get $p) (local.get $dp)))
        (local.set $p (i32.sub (local.get $p) (i32.const 1)))
        (call $row
          (i32.shl (i32.add (i32.mul (local.get $p) (local.get $columns)) (local.get $dq)) (i32.const 3))
          (i32.shl (i32.mul (i32.sub (local.get $p) (local.get $dp)) (local.get $columns)) (i32.const 3))
          (i32.sub (local.get $columns) (local.get $dq))
          (local.get $value))
        (br $next)))))
